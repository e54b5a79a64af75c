#!/bin/sh
# One event for each certificate: the days until it ends. Arguments: HOST:PORT, or the path of a certificate file.
# Needs openssl, and `date` and `timeout` of GNU. Ends with 1 if a certificate could not be read or an event not be stored.
set -u

read_certificate() {
  case "$1" in
    */*) openssl x509 -in "$1" ;;
    # For a mail server add `-starttls smtp`.
    *) timeout 20 openssl s_client -connect "$1" -servername "${1%:*}" </dev/null | openssl x509 ;;
  esac 2>/dev/null
}

status=0
for target; do
  if certificate=$(read_certificate "$target") &&
    end=$(printf '%s\n' "$certificate" | openssl x509 -noout -enddate) &&
    until=$(date -d "${end#notAfter=}" +%s); then
    set -- certificate.checked days=$(((until - $(date +%s)) / 86400)) ends="$(date -u -d "@$until" +%Y-%m-%d)"
  else
    set -- certificate.unreadable
    status=1
  fi
  belfry emit "$@" --subject "$target" target="$target" >/dev/null || status=1
done
exit $status
