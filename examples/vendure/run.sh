#!/usr/bin/env bash
# Takes this shop to a Vendure server and back: products, stock and prices out, orders in, parcels out.
# The server is a fresh one for tests, with a payment method that settles at once and the currency USD.
#   VENDURE=user:password ./run.sh [ADDRESS]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
address=${1:-http://127.0.0.1:3401}
shop=$(mktemp -d)
trap 'rm -rf "$shop"' EXIT
cp -r "$here"/{purvey.toml,products.csv,feeds,templates} "$shop"
cd "$shop"
sed -i "s|http://127.0.0.1:3401|$address|" purvey.toml

say() {
  printf '\n$ %s\n' "$*"
  "$@" 2>&1
}
buy() {
  printf '\n# a shopper asks for '
  node "$here/buyer.mjs" "$address" "$@"
}
# what the server itself says
ask() {
  curl -sS "$address/admin-api" -H "authorization: Bearer $token" "$@"
}
stock() {
  printf '\n# the server has: '
  ask -H 'content-type: application/json' \
    --data '{"query": "{ productVariants(options: { sort: { sku: ASC } }) { items { sku price stockLevels { stockOnHand stockAllocated } } } }"}' |
    sed 's/},{"sku/},\n  {"sku/g'
  echo
}

login=$(printf '{"query": "mutation($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }", "variables": {"u": "%s", "p": "%s"}}' "${VENDURE%%:*}" "${VENDURE#*:}")
token=$(curl -sS -o /dev/null -D - "$address/admin-api" -H 'content-type: application/json' --data "$login" |
  tr -d '\r' | sed -n 's/^vendure-auth-token: //p')

say purvey init
say purvey import products.csv
say purvey feed build vendure-import
printf '\n# the server imports the table: '
ask -H 'apollo-require-preflight: 1' \
  -F 'operations={"query": "mutation($file: Upload!) { importProducts(csvFile: $file) { imported errors } }", "variables": {"file": null}}' \
  -F 'map={"0": ["variables.file"]}' -F '0=@out/vendure.csv;type=text/csv'
echo
say purvey sync
stock

buy MUG-RED 2
buy TEAPOT 9
say purvey sync
say purvey orders list
stock
order=$(purvey orders list --json | sed -n 's/.*"order_id":"\([^"]*\)".*/\1/p' | head -1)

say purvey ship "$order" --line MUG-RED=1 --carrier ups --tracking 1Z999AA10123456784
say purvey tracking push
say purvey orders show "$order"
say purvey ship "$order" --carrier dhl --tracking 00340434161094042557
say purvey tracking push
printf '\n# said twice, sent once'
say purvey tracking push
say purvey orders pull
say purvey orders list

printf '\n# one mug comes back broken: its money goes back, and the shelf does not get it'
say purvey return "$order" --line 1=1 --location main --no-restock --number R1
say purvey refund "$order" --line MUG-RED=1 --reason broken --number R1
say purvey sync
printf '\n# the server gave back: '
ask -H 'content-type: application/json' \
  --data "{\"query\": \"{ order(id: $order) { payments { amount refunds { total reason } } } }\"}"
echo

say purvey stock count MUG-RED main 9
say purvey sync
stock
say purvey doctor
