# SPDX-License-Identifier: GPL-2.0-or-later
# For scenarios in which two hosts add to the same words while something goes wrong.
# Before a scenario sources this file, it sets $transport (rdma, tcp or auto) and $grace
# (ms). The host is node $me, the other one node $peer; $failed is 0 or 1.
# shellcheck shell=dash
# shellcheck disable=SC2034,SC2154 # set here and used there, and the reverse

me=$SSI_HOST
peer=$((1 - me))
failed=0

need() { # need WHAT COMMAND...: the command must succeed
	what=$1
	shift
	"$@" && return
	echo "${0##*/}: host $me: $what"
	failed=1
}

address() { # address HOST
	eval "echo \$SSI_ADDR_$1"
}

node() {
	ssictl node add cluster room id "$me" addr "$(address "$me")" \
		transport "$transport" &&
		ssictl peer add cluster room node "$me" id "$peer" \
			addr "$(address "$peer")" grace "$grace"
}

region() {
	ssictl region add cluster room node "$me" id 1 map 0:4M map 1:4M
}

link_is() { # link_is STATE [SECONDS]: wait for it
	for _ in $(seq 1 $((${2:-60} * 10))); do
		ssictl peer show | grep -q "link $1" && return
		usleep 100000
	done
	ssictl peer show
	return 1
}

region_is() { # region_is STATE
	ssictl region show | grep -q "state $1"
}

room() {
	/ssi/selftests/cluster/room "$me" "$@"
}

# The program that holds the region is process $holder.
begin_room() {
	need "no node" modprobe ssi_dsm
	need "no node" node
	need "no region" region
	/ssi/selftests/cluster/room "$me" hold &
	holder=$!
	need "the link is not up" link_is up
	barrier made || exit 1
}

end_room() {
	kill "$holder"
	wait "$holder"
	barrier ended 60 || exit 1
	need "node $me is not deleted" ssictl node del cluster room id "$me"
	need "the module is not unloaded" rmmod ssi_dsm
}

# Both hosts add for a while; meanwhile the command runs. No addition is lost.
add_during() { # add_during SECONDS COMMAND...
	/ssi/selftests/cluster/room "$me" add "$1" >"$SSI_OUT/added.$me" &
	adding=$!
	shift
	"$@"
	stage "additions end"
	need "additions failed" wait "$adding"
	barrier added 120 || exit 1
	total=$(sed -n 's/^added //p' "$SSI_OUT"/added.[01] | awk '{ n += $1 } END { print n }')
	echo "host $me: $(grep added "$SSI_OUT/added.$me"), $(dmesg | grep -c "is interrupted") interruptions"
	[ "$me" = 1 ] || need "additions were lost" room sum "$total"
	barrier summed 60 || exit 1
}
