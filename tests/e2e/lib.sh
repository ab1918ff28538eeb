# lib.sh: what the tests of this folder share, on top of ../interop/lib.sh: the client as a program, and
# terminals by tmux. Sourced by bash.
. "${BASH_SOURCE[0]%/*}/../interop/lib.sh"
store=(--data "$tmp/data")
export XDG_CONFIG_HOME=$tmp/config XDG_STATE_HOME=$tmp/state
unset NO_COLOR
shopt -s lastpipe # so that `... | run_client` sets status here

client_options() { # USER@DEVICE: sets `options`
  options=(--port "$port" --cafile "$CA/ca.crt" --cert "$CA/users/$1.crt")
}

# Runs a client to its end: sets status, and leaves what it printed in $tmp/out and $tmp/err.
run_client() { # USER@DEVICE [OPTION]... <INPUT
  client_options "$1"
  timeout "$PATIENCE" "$THIMBLE" "${options[@]}" "${@:2}" >"$tmp/out" 2>"$tmp/err"
  status=$?
}

# Starts a client to talk with, by say and hear; it speaks JSON.
join() { # NAME USER@DEVICE [OPTION]...
  client_options "$2"
  talk "$1" "$THIMBLE" "${options[@]}" --json "${@:3}"
  hear "$1" '*"msgtype":"joined","room":"#*' || give_up "$1 is not let in: $(cat "$tmp/$1.err")"
}

# Waits for a client to end by itself: sets status.
await_end() { # NAME
  wait "${program[$1]}"
  status=$?
}

# The server again, on the port of the former one.
restart_server() { # [OPTION]...
  : >"$tmp/again.log"
  log=$tmp/again.log marked=0
  "$THIMBLED" --listen "127.0.0.1:$port" --cafile "$CA/ca.crt" --cert "$CA/server/localhost.crt" \
    --key "$CA/server/localhost.key" --denylist "$CA/denylist" "${store[@]}" "$@" </dev/null 2>>"$log" &
  server=$!
  children+=("$server")
  await_log ' listening ' || give_up 'the server does not start again'
}

# A CA of this test's own, to be changed.
own_ca() {
  cp -r "$CA" "$tmp/ca"
  CA=$tmp/ca
}

one_line() { # of an error, beside those of attempts that go on; it names the program
  is "$(grep -vc 'trying again' "$tmp/err")" 1 && has "$(cat "$tmp/err")" 'thimble'
}

# --- terminals ------------------------------------------------------------------------------------

tm() { tmux -u -L "thimble-e2e-$$" -f /dev/null "$@"; }

# Opens a terminal of 60 columns that runs a command, and keeps what it shows when the command has ended.
terminal() { # NAME COMMAND...
  local command
  printf -v command '%q ' "${@:2}"
  command="trap : INT; $command; echo status \$?; read -r"
  if tm has-session 2>/dev/null; then
    tm new-window -n "$1" -- bash -c "$command"
  else
    LC_ALL=C.UTF-8 tm new-session -d -x 60 -y 24 -n "$1" -- bash -c "$command"
    trap 'tm kill-server 2>/dev/null; clean_up' EXIT
  fi
}

chat_in_terminal() { # NAME USER@DEVICE [OPTION]...
  client_options "$2"
  terminal "$1" "$THIMBLE" "${options[@]}" "${@:3}"
}

type_text() { tm send-keys -t "$1" -l -- "$2"; } # NAME TEXT
press() { tm send-keys -t "$1" "${@:2}"; }       # NAME KEY...
screen() { tm capture-pane -p -t "$1" 2>/dev/null; } # NAME

shows() { screen "$1" | grep -Fqe "$2"; }
last_line() { screen "$1" | grep -v '^ *$' | tail -n 1; }
last_line_is() { [[ $(last_line "$1") == "$2" ]]; }

see() { # NAME TEXT
  until_true shows "$1" "$2" || { screen "$1"; return 1; }
}

see_last() { # NAME TEXT
  until_true last_line_is "$1" "$2" || { screen "$1"; return 1; }
}
