#!/bin/sh
# Puts Slurm and munge on a Debian machine for `make test-slurm`, when it is root there; else says what is missing.
# It starts nothing and writes no configuration: tests/slurm/single_node.py runs the daemons from a folder of its own.
set -eu

PACKAGES="slurmctld slurmd slurm-client munge"

missing=
for program in slurmctld slurmd sbatch munged; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null || missing="$missing $program"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! [ -f /etc/debian_version ]; then
    echo "make test-slurm: missing:$missing. As root on Debian it would install $PACKAGES; here the tests are skipped." >&2
    exit 0
fi
apt-get update -qq
# RUNLEVEL=1 keeps the packages from starting daemons with a configuration that is not there.
RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $PACKAGES
