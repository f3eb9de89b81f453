# SPDX-License-Identifier: GPL-2.0-or-later
# For scenarios with a guest on several nodes: makes the configuration from the
# lab's --guest options and runs ssi-vmm for each node. Before a scenario sources
# this file, it sets $transport (rdma, loop or alone). It may set $drift (of the
# clock of the last node, in parts per million) and $guest_more (lines for the part
# "guest" of the configuration).
# shellcheck shell=dash
# shellcheck disable=SC2034,SC2154 # set here and used there, and the reverse

config=/tmp/cluster.yaml
firmware=
security=	# the line tls of the configuration; then node N has the name nodeN.lab
link_grace=	# seconds until a node that cannot be reached is lost
vmm_options=--no-reboot	# a guest that resets itself again and again is no test

fail() {
	echo "${0##*/}: $*"
	exit 1
}

uptime_s() {
	read -r up _ </proc/uptime
	echo "${up%.*}"
}

# ---- firmware ---------------------------------------------------------------

# Sets $firmware to the value for --firmware. QEMU 7.2, which emulates the host,
# stops at an assertion when a nested guest writes CR8 while an interrupt waits, and
# OVMF does that at the end of each tick of its timer. So ticks are rare here. OVMF
# waits for no tick on the way to a kernel.
use_firmware() { # use_firmware VARIABLES [US]: a copy of what comes with it; a tick
	firmware=/ovmf/OVMF_CODE.fd,vars=$1
	echo "${2:-10000000}" >/sys/module/kvm/parameters/min_timer_period_us
}

# Linux rejects readings of the PM timer that take as long as they do here
# (ssi-vmm(8), --pm-timer), so it cannot find the frequency of its TSC. If ssi-vmm
# does not boot the kernel itself, the boot loader has to pass the frequency.
tsc_early() {
	mhz=$(dmesg | sed -n 's/.*tsc: Detected \([0-9.]*\) MHz.*/\1/p' | tail -n 1)
	echo "$mhz $SSI_GUEST_TIME_DILATION" |
		awk '{ printf "tsc_early_khz=%d", $1 * $2 * 1000 }'
}

# ---- the cluster ------------------------------------------------------------

item() { # item N LIST: the Nth, from 0
	echo "$2" | cut -d, -f$(($1 + 1))
}

count() {
	echo "$1" | awk -F, '{ print NF }'
}

yaml_quoted() {
	printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g")"
}

# The machine's UUID, which ssi-vmm makes of the cluster's name.
uuid=8cd47255-1a56-5b8a-b2ea-028193080dc2

# quiet: each byte that a CPU of another node prints costs two forwarded exits.
guest_append() {
	printf '%s' "console=ttyS0 quiet panic=-1 ssi.cpus=$SSI_GUEST_CPUS "
	printf '%s' "ssi.uuid=$uuid "
	[ "$transport" = alone ] ||
		printf '%s' "ssi.nodes=$nodes ssi.memory=$SSI_GUEST_MEMORY "
	printf '%s' "$SSI_GUEST_APPEND"
}

# Distances if the nodes are inside the module: own memory is near, all other
# memory is far. Otherwise ssi-vmm measures them.
near_ns=100 far_ns=9000 near_mbs=12000 far_mbs=400 near=10 far=30

row() { # row N NEAR FAR: one of a matrix
	for to in $(seq 0 $((nodes - 1))); do
		[ "$to" = 0 ] || printf ', '
		[ "$to" = "$1" ] && printf '%s' "$2" || printf '%s' "$3"
	done
}

# The rows of node N: the fixed ones, or those that node 0's ssi-vmm has measured.
rows() { # rows N
	if [ "$transport" = loop ]; then
		printf '%s' ", distances: [$(row "$1" $near $far)]," \
			"latencies: [$(row "$1" $near_ns $far_ns)]," \
			"bandwidths: [$(row "$1" $near_mbs $far_mbs)]"
	else
		sed -n "s/.* is told of node $1: \(.*\)\.\$/, \1/p" \
			"$SSI_OUT/said.0" 2>/dev/null
	fi
}

write_config() {
	echo "cluster: lab"
	echo "transport: $transport"
	echo "timeout: 60"
	[ -z "$SSI_ROGPT" ] || echo "amd-rogpt: true"
	echo "link-grace: ${link_grace:-10}"
	echo "${security:-insecure: true}"
	echo "nodes:"
	for n in $(seq 0 $((nodes - 1))); do
		eval "address=\$SSI_ADDR_$n"
		# shellcheck disable=SC2154 # it is assigned just above
		echo "  - { id: $n,${security:+ name: node$n.lab,} address: '$address:7471'," \
			"cpus: $(item "$n" "$SSI_GUEST_CPUS")," \
			"memory: $(item "$n" "$SSI_GUEST_MEMORY")M" \
			"$(rows "$n")" \
			"${SSI_GUEST_CACHE:+, cache: ${SSI_GUEST_CACHE}M} }"
	done
	echo "guest:"
	[ -z "$firmware" ] || echo "  firmware: $firmware"
	echo "  kernel: $SSI_GUEST_KERNEL"
	[ -z "$SSI_GUEST_INITRD" ] || echo "  initrd: $SSI_GUEST_INITRD"
	echo "  append: $(yaml_quoted "$(guest_append)")"
	# the TSCs of the lab's hosts are invariant, whatever QEMU's CPUID says
	echo "  invariant-tsc: true"
	echo "  time-dilation: $SSI_GUEST_TIME_DILATION"
	[ -z "$guest_more" ] || echo "$guest_more"
}

# shellcheck disable=SC2086 # $vmm_options is words
run_vmm() { # run_vmm NODE
	if [ "$transport" = alone ]; then
		ssi-vmm ${firmware:+--firmware "$firmware"} \
			--kernel "$SSI_GUEST_KERNEL" \
			${SSI_GUEST_INITRD:+--initrd "$SSI_GUEST_INITRD"} \
			--append "$(guest_append)" --invariant-tsc --uuid $uuid \
			--time-dilation "$SSI_GUEST_TIME_DILATION" \
			--cpus "$SSI_GUEST_CPUS" --memory "$SSI_GUEST_MEMORY" \
			$vmm_options
	else
		[ -z "$drift" ] || [ "$1" != $((nodes - 1)) ] ||
			export SSI_CLOCK_DRIFT_PPM="$drift"
		ssi-vmm --config $config --node "$1" $vmm_options
	fi 2>&3
	echo $? >"$SSI_OUT/node$1.exit"
}

start_node() { # start_node NODE
	if [ "$1" = 0 ]; then
		run_vmm 0 </dev/null | tee "$SSI_OUT/guest.console" &
	else
		run_vmm "$1" </dev/null &
	fi
}

guest_said() {
	grep -qa "$1" "$SSI_OUT/guest.console" 2>/dev/null
}

# ---- results ----------------------------------------------------------------

tests=0
bad=0

result() { # result STATUS TEXT
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests $2"
	else
		bad=$((bad + 1))
		echo "not ok $tests $2"
	fi
}

exec 3>&1
nodes=$(count "$SSI_GUEST_CPUS")
[ "$nodes" = "$(count "$SSI_GUEST_MEMORY")" ] ||
	fail "--guest-cpus and --guest-memory are for different numbers of nodes"
mine=$SSI_HOST
[ "$SSI_HOSTS" -gt 1 ] || mine=$(seq 0 $((nodes - 1)))
[ "$SSI_HOSTS" = 1 ] || [ "$SSI_HOSTS" = "$nodes" ] || [ "$transport" = alone ] ||
	fail "--guest-cpus names $nodes nodes, and there are $SSI_HOSTS hosts"
[ "$nodes" -le 8 ] || [ "$SSI_HOSTS" -gt 1 ] ||
	fail "one host has addresses for 8 nodes, not $nodes"
