#!/bin/sh
# Sees to a browser for `make test-browser`: an installed Chromium or Chrome, else Debian's package when it is root
# there, else Playwright's own. Its argument is the Python that has Playwright. Without any the tests are skipped.
set -eu

for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
if [ "$(id -u)" -eq 0 ] && [ -f /etc/debian_version ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium && exit 0
    echo "make test-browser: Debian's package chromium can't be had; trying Playwright's" >&2
fi
"$1" -m playwright install chromium-headless-shell || {
    echo "make test-browser: no Chromium, and none can be had here; the tests are skipped." >&2
}
