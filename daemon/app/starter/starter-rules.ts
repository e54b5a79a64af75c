/** Line by which editors find the schema, for completion, hover texts and errors. */
const schemaLine = (name: string): string => `# yaml-language-server: $schema=${name}.schema.json\n`;

const CHANNELS = `${schemaLine('rules')}#
# Channels send the messages. The rules of all files, and those of the examples of Belfry, use these names.
#
# Until you set up a channel, its messages go to the log of the daemon. To set one up: remove its line with \`log\`, remove the
# \`# \` before the lines below it, put in your own names, and set the variables in the environment of the daemon.
# Then \`belfry channel test NAME\` sends a test message. \`belfry schema rules\` prints every type and setting.
channels:
  # The log of the daemon: the terminal, or the journal under systemd.
  console: { type: log }

  # The desktop of the user that runs the daemon.
  screen: { type: log }
  # screen:
  #   type: desktop

  # E-mail. In the password a URL needs %40 for @, %3A for : and %2F for /.
  mail: { type: log }
  # mail:
  #   type: email
  #   url: smtps://belfry:\${env:SMTP_PASSWORD}@mail.example.com
  #   from: Belfry <belfry@example.com>
  #   to: ops@example.com

  # The address of a pager or of another program, which gets JSON by POST.
  pager: { type: log }
  # pager:
  #   type: webhook
  #   url: \${env:PAGER_URL}

  # Group bots of WeCom, DingTalk and Feishu.
  wecom: { type: log }
  # wecom:
  #   type: wecom
  #   key: \${env:WECOM_ROBOT_KEY}

  dingtalk: { type: log }
  # dingtalk:
  #   type: dingtalk
  #   token: \${env:DINGTALK_TOKEN}
  #   secret: \${env:DINGTALK_SECRET}

  feishu: { type: log }
  # feishu:
  #   type: feishu
  #   token: \${env:FEISHU_TOKEN}
  #   secret: \${env:FEISHU_SECRET}

  # No rule uses these yet.
  # slack:
  #   type: slack
  #   url: \${env:SLACK_WEBHOOK_URL}

  # telegram:
  #   type: telegram
  #   token: \${env:TELEGRAM_TOKEN}
  #   to: ["123456789"]

  # ntfy:
  #   type: ntfy
  #   topic: \${env:NTFY_TOPIC}

  # browser:
  #   type: websocket
  #   keep: 1h

  # outbox:
  #   type: file
  #   path: /var/tmp/belfry-messages.jsonl

  # script:
  #   type: command
  #   run: [./notify.sh, "{{ title }}"]
`;

const RULES = `${schemaLine('rules')}#
# Rules: which events matter, and which channels get them. Belfry reloads this file within a second after it is saved.
# Try it:  belfry emit deploy.finished conclusion=failure repository=acme/api
rules:
  - name: failed-deploy
    on: api # events that \`belfry emit\` and POST /v1/events bring in
    match:
      type: deploy.finished
      data.conclusion: [failure, timed_out]
    key: "{{ data.repository }}" # each repository is counted for itself
    throttle: { max: 1, per: 10m } # the next message says how many were left out
    message:
      title: "Deploy failed: {{ data.repository }}"
      body: "{{ data.conclusion }}{% if data.commit %} of {{ data.commit }}{% endif %}"
      priority: high
    notify: console

  # Events that no other rule matched, so that a misspelt type is seen. Remove it when you know your events.
  - name: everything-else
    catch_all: true
    notify: console
`;

const RULES_TEST = `${schemaLine('tests')}#
# Run by \`belfry test\` on a virtual clock; \`daemon: { reload: { require_tests: true } }\` runs it before each reload.
tests:
  - name: a failed deploy notifies once in ten minutes
    steps:
      - event: { type: deploy.finished, data: { conclusion: failure, repository: acme/api } }
        expect:
          - { channel: console, title: "Deploy failed: acme/api", priority: high }
        outcomes: { failed-deploy: notified }
      - after: 5m
        event: { type: deploy.finished, data: { conclusion: failure, repository: acme/api } }
        expect: []
        outcomes: { failed-deploy: throttled }
      - after: 6m
        event: { type: deploy.finished, data: { conclusion: failure, repository: acme/api } }
        expect:
          - { channel: console, body: { contains: 1 more like this was suppressed } }

  - name: an event with a misspelt type is shown as it is
    steps:
      - event: { type: deploy.finshed, data: { conclusion: failure, repository: acme/api } }
        expect: [{ channel: console, rule: everything-else }]
        outcomes: { failed-deploy: no_match, everything-else: notified }
`;

/** Rules about the daemon's own events, so that a failing channel and rejected rules are noticed. */
const OWN_RULES = `${schemaLine('rules')}#
# Messages about Belfry itself: a channel that fails, a message that was not delivered, rules that do not load.
# They go to \`mail\`, and to \`pager\` if \`mail\` itself fails. Name two channels that reach a person, by different ways.
defaults:
  message: { priority: high, tags: [belfry] }

rules:
  - name: channel-fails
    on: belfry
    match:
      type: [belfry.channel.failing, belfry.channel.misconfigured]
    key: "{{ data.channel }}"
    dedupe: 10m
    message:
      title: "Channel {{ data.channel }} is {{ type | split: '.' | last }}"
      body: "{{ data.message }} ({{ data.code }}). Its messages wait. To try it: belfry channel test {{ data.channel }}"
    notify:
      - { channel: mail, if: 'data.channel != "mail"' }
      - { channel: pager, if: 'data.channel == "mail"' } # a channel cannot report its own failure

  - name: channel-works-again
    on: belfry
    match: { type: belfry.channel.recovered }
    message:
      title: "Channel {{ data.channel }} works again"
      body: The messages that waited are sent now.
      priority: normal
    notify: mail

  - name: message-not-delivered
    on: belfry
    match: { type: belfry.delivery.dead }
    key: "{{ data.channel }}"
    throttle: { max: 1, per: 10m }
    message:
      title: "Not delivered by {{ data.channel }}: {{ data.title }}"
      body: >-
        {{ data.message }} ({{ data.code }}). To send it again: belfry dead resend {{ data.delivery }}
        {%- if suppressed > 0 %}. Others since the last report: {{ suppressed }} (belfry dead list){% endif %}
    notify:
      - { channel: mail, if: 'data.channel != "mail"' }
      - { channel: pager, if: 'data.channel == "mail"' } # a channel cannot report its own failure

  # An alert: it fires when rules do not load and ends with the next reload that loads all of them.
  - name: rules-do-not-load
    on: belfry
    match:
      type: [belfry.reload.rejected, belfry.reload.applied]
    if: 'data.problems.exists(p, p.level == "error")'
    resolve:
      match: { type: belfry.reload.applied }
      if: '!data.problems.exists(p, p.level == "error")'
    key: rules
    notify_resolved: true
    message:
      title: "{% if status == 'resolved' %}All rules are loaded again{% else %}Rules do not load{% endif %}"
      body: |
        {% if status == "resolved" %}The earlier rules were in use for {{ resolved_after }}.
        {% else %}{% for p in data.problems limit: 5 %}{{ p.file }}:{{ p.line }}:{{ p.column }}: {{ p.message }}
        {% endfor %}The earlier rules stay in use.
        {% endif %}
    notify: mail

  - name: source-fails
    on: belfry
    match: { type: belfry.source.failing }
    key: "{{ data.source }}"
    dedupe: 1h
    message:
      title: "Source {{ data.source }} is failing"
      body: "{{ data.reason }}"
    notify: mail

  - name: rule-fails
    on: belfry
    match: { type: belfry.rule.error }
    key: "{{ data.rule }}"
    dedupe: 1h
    message:
      title: "Rule {{ data.rule }} fails"
      body: "{{ data.reason }}. More: belfry explain {{ data.event }}"
    notify: mail
`;

const OWN_RULES_TEST = `${schemaLine('tests')}tests:
  - name: a channel that fails is reported by another one
    steps:
      - event: { source: belfry, type: belfry.channel.misconfigured, data: { channel: team, code: http.401, message: refused } }
        expect:
          - { channel: mail, title: Channel team is misconfigured, body: { contains: belfry channel test team }, priority: high }
        outcomes: { channel-fails: notified }
      - event: { source: belfry, type: belfry.channel.failing, data: { channel: mail, code: http.503, message: busy } }
        expect: [{ channel: pager, title: Channel mail is failing }]
      - after: 1h
        event: { source: belfry, type: belfry.channel.recovered, data: { channel: team } }
        expect: [{ channel: mail, title: Channel team works again }]
        outcomes: { channel-works-again: notified }

  - name: messages that were not delivered are reported once in ten minutes for each channel
    steps:
      - event: &dead
          source: belfry
          type: belfry.delivery.dead
          data: { delivery: d1, channel: team, rule: r, key: k, class: permanent, code: http.404, message: not found, title: Deploy failed, event: e1 }
        expect: [{ channel: mail, title: "Not delivered by team: Deploy failed", body: { contains: belfry dead resend d1 } }]
        outcomes: { message-not-delivered: notified }
      - after: 5m
        event: *dead
        expect: []
        outcomes: { message-not-delivered: throttled }
      - after: 5m
        event: *dead
        expect: [{ channel: mail, body: { contains: "Others since the last report: 1 (belfry dead list)" } }]

  - name: rules that do not load are an alert until they load again
    steps:
      - event:
          source: belfry
          type: belfry.reload.rejected
          data:
            generation: 3
            problems: [{ file: rules.yaml, line: 7, column: 5, level: error, code: rule.unknown_channel, message: there is no channel opps, mend: write ops }]
        expect: [{ channel: mail, title: Rules do not load, body: { contains: "rules.yaml:7:5: there is no channel opps" } }]
        outcomes: { rules-do-not-load: notified }
      - after: 4m
        event: { source: belfry, type: belfry.reload.applied, data: { generation: 4, added: [], changed: [rule a], removed: [], problems: [] } }
        expect: [{ channel: mail, title: All rules are loaded again, body: { contains: 4m } }]
        outcomes: { rules-do-not-load: resolved }

  - name: a reload with warnings only is no alert
    steps:
      - event:
          source: belfry
          type: belfry.reload.applied
          data: { generation: 4, added: [], changed: [], removed: [], problems: [{ file: rules.yaml, line: 7, column: 5, level: warning, code: x, message: y, mend: z }] }
        expect: []
        outcomes: { rules-do-not-load: no_match }

  - name: a source or a rule that fails is reported once an hour
    steps:
      - event: &failing { source: belfry, type: belfry.source.failing, data: { source: inbox, type: files, reason: permission denied } }
        expect: [{ channel: mail, title: Source inbox is failing, body: permission denied }]
        outcomes: { source-fails: notified }
      - event: { source: belfry, type: belfry.rule.error, data: { rule: disk-full, reason: no such key, event: e1 } }
        expect: [{ channel: mail, title: Rule disk-full fails, body: { contains: belfry explain e1 } }]
        outcomes: { rule-fails: notified }
      - after: 30m
        event: *failing
        expect: []
        outcomes: { source-fails: deduplicated }
`;

/** Files that `belfry init` writes, by name. They work without changes and without secrets. */
export const STARTER_RULES: Readonly<Record<string, string>> = {
  'channels.yaml': CHANNELS,
  'rules.yaml': RULES,
  'rules.test.yaml': RULES_TEST,
  'belfry.yaml': OWN_RULES,
  'belfry.test.yaml': OWN_RULES_TEST,
};
