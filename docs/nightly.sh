#!/bin/sh
# A whole night: new logs become a trained, pruned, scored model, or the night ends with a reason.
#
#   RECMTL_LOGS=/var/log/clicks RECMTL_HOME=/srv/ranking sh nightly.sh
#
# Made for cron: it needs no terminal, no particular folder and no environment but these two. What is done already is
# not done again, so it may run as often as you like; after a power cut it goes on where it was.
set -eu

logs=${RECMTL_LOGS:?the folder with theme_click_log.csv, user_embedding.csv and item_embedding.csv}
home=${RECMTL_HOME:?the folder that shall hold data/ and runs/}
recmtl=${RECMTL:-recmtl}

mkdir -p "$home"
cd "$home"
exec >>nightly.log 2>&1

"$recmtl" download taobao --from "$logs"
"$recmtl" split-domains --config taobao_10.json
"$recmtl" prune-single --task 0 --final-rate 0.2
"$recmtl" train-mtl
"$recmtl" evaluate --json --quiet >scores.json.new
mv scores.json.new scores.json
