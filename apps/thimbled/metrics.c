/* What the server has done and holds: for people, and for Prometheus (its text format, 0.0.4). */
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"

void run_stats(struct call *call, const char *args)
{
    struct thm_server_stats s;
    char since[24];
    (void)args;
    thm_server_stats(call->host->server, &s);
    call_time(call->host->started_ms, since);
    call_line(call, "up since %s", since);
    call_line(call,
              "connections %" PRIu32 ", sessions %" PRIu32 ", users %" PRIu32 ", rooms %" PRIu32
              ", memberships %" PRIu32,
              s.connections, s.sessions, s.users, s.rooms, s.memberships);
    call_line(call,
              "since the start: accepted %" PRIu64 ", logins %" PRIu64 ", refused %" PRIu64
              ", messages %" PRIu64 ", deliveries %" PRIu64,
              s.accepted, s.logins, s.refused, s.messages, s.deliveries);
    call_line(call, "bytes in %" PRIu64 ", out %" PRIu64 "; free blocks %" PRIu32, s.bytes_in,
              s.bytes_out, s.blocks_free);
    call_line(call,
              "devices that can be called %" PRIu32 ", relays %" PRIu32 ", relayed bytes %" PRIu64,
              s.callables_used, s.relays, s.relayed_bytes);
    call_line(call,
              "TLS: handshakes full %" PRIu64 ", resumed %" PRIu64 ", failed %" PRIu64
              "; sessions kept %" PRIu32,
              s.tls.full, s.tls.resumed, s.tls.failed, s.tls.sessions);
    call_ok(call);
}

/* One value; `labels` is "" or all of {...}. */
struct sample {
    const char *labels;
    uint64_t value;
};

static void metric(struct call *call, const char *name, const char *type, const char *help,
                   const struct sample *samples, unsigned count)
{
    call_line(call, "# HELP %s %s", name, help);
    call_line(call, "# TYPE %s %s", name, type);
    for (unsigned i = 0; i < count; i++)
        call_line(call, "%s%s %" PRIu64, name, samples[i].labels, samples[i].value);
}

static void gauge(struct call *call, const char *name, uint64_t value, const char *help)
{
    metric(call, name, "gauge", help, &(struct sample){"", value}, 1);
}

static void counter(struct call *call, const char *name, uint64_t value, const char *help)
{
    metric(call, name, "counter", help, &(struct sample){"", value}, 1);
}

static void of_people(struct call *call, const struct thm_server_stats *s)
{
    gauge(call, "thimble_connections", s->connections, "Connections, logged in or not.");
    gauge(call, "thimble_sessions", s->sessions, "Sessions that are logged in.");
    gauge(call, "thimble_users", s->users, "Users that are remembered, online or not.");
    gauge(call, "thimble_rooms", s->rooms, "Rooms that somebody is in.");
    gauge(call, "thimble_memberships", s->memberships,
          "Memberships of sessions in rooms and inboxes.");
    counter(call, "thimble_connections_accepted_total", s->accepted, "Connections accepted.");
    counter(call, "thimble_logins_total", s->logins, "Logins granted.");
    counter(call, "thimble_refused_total", s->refused, "Handshakes and logins refused.");
    counter(call, "thimble_passcodes_failed_total", s->passcodes_failed, "Wrong passcodes.");
    gauge(call, "thimble_logins_used", s->logins_used, "Logins by passcode under way.");
    counter(call, "thimble_lines_paced_total", s->lines_paced,
            "Lines taken later than they came, for a device's limit.");
    gauge(call, "thimble_devices_paced", s->devices_paced, "Devices that wait for a limit now.");
    counter(call, "thimble_messages_total", s->messages, "Messages taken by the store.");
    counter(call, "thimble_deliveries_total", s->deliveries, "Messages delivered to a session.");
}

static void of_calls(struct call *call, const struct thm_server_stats *s)
{
    gauge(call, "thimble_callable_devices", s->callables_used, "Devices that can be called.");
    gauge(call, "thimble_call_tickets", s->tickets_used,
          "Tickets of calls that are kept, good or ended.");
    gauge(call, "thimble_relays", s->relays, "Direct sessions that are relayed.");
    gauge(call, "thimble_relay_buffers_used", s->relay_buffers_used,
          "Buffers for relayed bytes lent; 0 when nothing waits.");
    counter(call, "thimble_relays_opened_total", s->relays_opened, "Relays opened.");
    counter(call, "thimble_relayed_bytes_total", s->relayed_bytes, "Bytes relayed.");
}

static void of_tls(struct call *call, const struct thm_server_stats *s)
{
    const struct sample handshakes[] = {{"{kind=\"full\"}", s->tls.full},
                                        {"{kind=\"resumed\"}", s->tls.resumed},
                                        {"{kind=\"failed\"}", s->tls.failed}};
    metric(call, "thimble_tls_handshakes_total", "counter", "TLS handshakes, by how they ended.",
           handshakes, 3);
    gauge(call, "thimble_tls_handshakes_open", s->tls.handshakes, "TLS handshakes under way.");
    gauge(call, "thimble_tls_sessions", s->tls.sessions, "TLS sessions that can be resumed.");
    gauge(call, "thimble_certificate_end_seconds", trust_ends(*call->host->trust),
          "When the server's certificate ends, in seconds since 1970.");
    gauge(call, "thimble_denied_keys", trust_denied(*call->host->trust), "Keys on the deny-list.");
}

static void of_machine(struct call *call, const struct thm_server_stats *s)
{
    counter(call, "thimble_received_bytes_total", s->bytes_in, "Bytes received.");
    counter(call, "thimble_sent_bytes_total", s->bytes_out, "Bytes sent.");
    counter(call, "thimble_turns_total", s->turns, "Turns of the loop.");
    counter(call, "thimble_visits_total", s->visits, "Connections looked at in them.");
    gauge(call, "thimble_blocks_free", s->blocks_free,
          "Blocks of memory for the newest messages that are free.");
    gauge(call, "thimble_outputs_used", s->outputs_used,
          "Output buffers lent; 0 when all is quiet.");
    gauge(call, "thimble_lines_used", s->lines_used,
          "Buffers for partial lines lent; 0 when all is quiet.");
    gauge(call, "thimble_appends_used", s->appends_used, "Messages on their way to the store.");
    gauge(call, "thimble_reads_used", s->reads_used, "Reads from the store under way.");
    counter(call, "thimble_audit_lost_total", call->host->audit->total,
            "Lines of the audit log that found no room.");
}

void run_metrics(struct call *call, const char *args)
{
    struct thm_server_stats s;
    (void)args;
    thm_server_stats(call->host->server, &s);
    metric(call, "thimble_build_info", "gauge", "Always 1; the version is a label.",
           &(struct sample){"{version=\"" THM_VERSION "\"}", 1}, 1);
    gauge(call, "thimble_start_time_seconds", call->host->started_ms / 1000,
          "When the server was started, in seconds since 1970.");
    of_people(call, &s);
    of_calls(call, &s);
    of_tls(call, &s);
    of_machine(call, &s);
    call_ok(call);
}
