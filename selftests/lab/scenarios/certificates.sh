# SPDX-License-Identifier: GPL-2.0-or-later
# Certificates for scenarios, in the folder $pki. They need: lab-add: certtool
# shellcheck shell=dash
# shellcheck disable=SC2154 # set by the scenario

new_key() { # new_key FILE
	certtool --generate-privkey --key-type ecdsa --curve secp256r1 \
		--outfile "$1" 2>/dev/null
}

new_ca() { # new_ca NAME
	new_key "$pki/$1".key
	printf 'cn = "%s"\nca\ncert_signing_key\nexpiration_days = 30\n' "$1" \
		>"$pki"/template
	certtool --generate-self-signed --load-privkey "$pki/$1".key \
		--template "$pki"/template --outfile "$pki/$1".pem 2>/dev/null
}

# new_cert NAME CA DNS-NAME [LINES]: LINES say when it ends and what it is for
new_cert() {
	new_key "$pki/$1".key
	printf '%bsigning_key\n%b\n' "${3:+dns_name = \"$3\"\n}" \
		"${4:-expiration_days = 30\ntls_www_server\ntls_www_client}" \
		>"$pki"/template
	certtool --generate-certificate --load-privkey "$pki/$1".key \
		--load-ca-certificate "$pki/$2".pem \
		--load-ca-privkey "$pki/$2".key \
		--template "$pki"/template --outfile "$pki/$1".pem 2>/dev/null
}

# One for each host, and the line of the configuration. Host 0 makes all of them.
prepare_tls() {
	pki=$SSI_OUT/pki
	if [ "$SSI_HOST" = 0 ]; then
		mkdir -p "$pki"
		new_ca ca
		for n in $(seq 0 $((SSI_HOSTS - 1))); do
			new_cert "$n" ca "node$n.lab"
		done
	fi
	barrier certificates || exit 1
	# shellcheck disable=SC2034 # nodes.sh writes it
	security="tls: { ca: $pki/ca.pem, certificate: $pki/$SSI_HOST.pem, key: $pki/$SSI_HOST.key }"
}
