#!/bin/sh
# One event for each local file system: how full it is, in percent. For cron or a timer, every minute.
set -eu

host=$(uname -n)
df --local --output=pcent,target -x tmpfs -x devtmpfs -x squashfs -x overlay -x efivarfs | tail -n +2 |
  while read -r percent mount; do
    [ "$percent" != - ] || continue
    belfry emit disk.usage --subject "$mount" host="$host" mount="$mount" percent="${percent%\%}"
  done
