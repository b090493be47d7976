# SPDX-License-Identifier: Apache-2.0
# Certificates of a CA of one's own, and nginx ending TLS before a plain server. Sourced after
# common.bash.
PROXY_PID=

# make_certificates: in $WORK/pki a CA, a server certificate (localhost, 127.0.0.1), a client's, and another CA.
make_certificates() {
  local pki=$WORK/pki
  mkdir -p "$pki"
  for ca in ca other; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=test $ca" \
      -keyout "$pki/$ca.key" -out "$pki/$ca.pem" 2> /dev/null
  done
  sign server "subjectAltName=DNS:localhost,IP:127.0.0.1"
  sign client "subjectAltName=DNS:client"
}
sign() { # NAME EXTENSION
  local pki=$WORK/pki
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
    -keyout "$pki/$1.key" -out "$pki/$1.csr" 2> /dev/null
  openssl x509 -req -in "$pki/$1.csr" -CA "$pki/ca.pem" -CAkey "$pki/ca.key" -CAcreateserial -days 2 \
    -extfile <(echo "$2") -out "$pki/$1.pem" 2> /dev/null
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_proxy UPSTREAM-PORT [DIRECTIVE...]: nginx on a free port ends TLS; sets TLS_PORT.
start_proxy() {
  local upstream=$1 nginx
  shift
  nginx=$(command -v nginx || echo /usr/sbin/nginx)
  stop_proxy
  for _ in 1 2 3; do # somebody may take the port in between
    TLS_PORT=$(free_port)
    cat > "$WORK/nginx.conf" <<N
daemon off; master_process off; pid $WORK/nginx.pid; error_log $WORK/nginx.err;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path $WORK/t1; proxy_temp_path $WORK/t2;
  fastcgi_temp_path $WORK/t3; uwsgi_temp_path $WORK/t4; scgi_temp_path $WORK/t5;
  keepalive_timeout 60s; keepalive_requests 100000;
  upstream target { server 127.0.0.1:$upstream; keepalive 64; }
  server {
    listen 127.0.0.1:$TLS_PORT ssl ${HTTP2:-}; listen 127.0.0.2:$TLS_PORT ssl ${HTTP2:-};
    ssl_protocols ${PROTOCOLS:-TLSv1.2 TLSv1.3}; ssl_certificate $WORK/pki/server.pem; ssl_certificate_key $WORK/pki/server.key;
    $*
    location / {
      proxy_pass http://target; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_read_timeout 60s;
    }
  }
}
N
    "$nginx" -c "$WORK/nginx.conf" -e "$WORK/nginx.err" 2> /dev/null &
    PROXY_PID=$!
    for _ in $(seq 60); do
      ! kill -0 $PROXY_PID 2> /dev/null && break
      (: < "/dev/tcp/127.0.0.1/$TLS_PORT") 2> /dev/null && return
      sleep 0.05
    done
  done
  fail "nginx did not start: $(tail -n 2 "$WORK/nginx.err")"
}
stop_proxy() {
  [ -z "$PROXY_PID" ] || { kill "$PROXY_PID" 2>/dev/null; wait "$PROXY_PID" 2>/dev/null; } || true
  PROXY_PID=
}
trap 'stop_proxy; cleanup' EXIT

# LOAD URL NAME FLAG...: one run against URL into $WORK/NAME.asrun; LOAD is how requests arrive
run_against() {
  local load=$1 url=$2 name=$3
  shift 3
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 40, output_tokens: 12}}
target: {url: "$url", model: reference}
load: {self_test: {for: 0}, arrivals: constant, $load}
exclude: {warm_up: none}
P
  rm -f "$WORK/$name.asrun"
  "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/$name.asrun" --quiet "$@" 2> "$WORK/err" || { cat "$WORK/err" >&2; return 1; }
}
query() { sqlite3 "$WORK/$1.asrun" "$2"; }
