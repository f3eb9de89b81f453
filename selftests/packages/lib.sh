# SPDX-License-Identifier: GPL-2.0-or-later
# For scenarios of virtual hosts with systemd: results, waits and lists of files.
# shellcheck shell=bash

tests=0
bad=0

result() { # result STATUS TEXT
	tests=$((tests + 1))
	[ "$1" = 0 ] && echo "ok $tests $2" && return
	bad=$((bad + 1))
	echo "not ok $tests $2"
}

# wait_for SECONDS COMMAND...
wait_for() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.3
	done
}

# /dev/kvm comes when udev has looked at the CPUs.
booted() {
	stage "after the boot"
	wait_for 120 systemctl -q is-active multi-user.target
	udevadm settle -t 120
}

health_is() { # health_is WORD
	[ "$(ssictl status 2>&1 | head -n 1)" = "$1" ]
}

active() { # active UNIT
	systemctl -q is-active "$1"
}

# The scenario's end: its results are what the lab's runner reads.
conclude() {
	echo "1..$tests"
	[ "$bad" = 0 ]
}
