/* What the files of core/server/ do for each other. What they work on is in items.h. */
#ifndef THM_SERVER_INTERNAL_H
#define THM_SERVER_INTERNAL_H

#include "server/account.h"
#include "server/items.h"
#include "util/text.h"
#include "wire/words.h"

#if !THM_MODERATION || !THM_RECEIPTS || !THM_ENROLL
#error                                                                                             \
    "a server knows of moderated rooms, receipts and enrolment: THM_MODERATION, THM_RECEIPTS and THM_ENROLL have to be 1"
#endif

/* --- server.c ------------------------------------------------------------------------------- */

/** Fills a log record with what is known of a connection (may be NULL) and passes it on. */
void thm_log_event(struct thm_server *s, enum thm_log_level level, const char *event,
                   const struct connection *c, int code, const char *detail);

/** A number that needs no secrecy. */
uint64_t thm_server_random(struct thm_server *s);

/* --- connection.c --------------------------------------------------------------------------- */

/** Accepts while there is room. */
void thm_conn_accept(struct thm_server *s);

/** Notes events of a connection's socket. */
void thm_conn_events(struct thm_server *s, uint32_t number, uint32_t what);

/** Puts a connection into the list of those to look at. */
void thm_conn_look(struct thm_server *s, struct connection *c, unsigned why);

/** Lets a connection wait for something, and lets the one go on that has waited longest. */
void thm_conn_wait(struct thm_server *s, struct connection *c, enum wait_kind kind);

/** Wakes those that have waited longest, as many as there are free items. Asked in every round, because one who
 * was woken may have gone, or need nothing any more. */
void thm_conn_wake_waiting(struct thm_server *s);

/** Does for a connection what can be done now. */
void thm_conn_run(struct thm_server *s, struct connection *c);

/** Ends a connection after what was said to it has gone out. */
void thm_conn_end(struct thm_server *s, struct connection *c, int code);

/** Ends a connection at once. */
void thm_conn_drop(struct thm_server *s, struct connection *c, int code);

/** Says goodbye and ends it. */
void thm_conn_goodbye(struct thm_server *s, struct connection *c, int code, const char *reason,
                      uint32_t retry_after);

/** Tells a connection that the server is full, and ends it. */
void thm_conn_full(struct thm_server *s, struct connection *c);

/** Whether there is no room for a session of a connection's device: it has none to replace, and all are taken. */
bool thm_conn_too_many(const struct thm_server *s, const struct connection *c);

/** Whether so many connections of the same address have a deadline of that kind that one more must wait. */
bool thm_conn_address_busy(const struct thm_server *s, const struct connection *c,
                           enum deadline_kind kind);

/** Starts the deadline of a kind anew, in place of the one before. */
void thm_conn_deadline(struct thm_server *s, struct connection *c, enum deadline_kind kind);

/** Ends what is overdue and lets waiting handshakes on. Called after what has arrived was taken, so that a
 * clock that jumps, as after a suspend, ends nobody whose word is there. */
void thm_conn_expire(struct thm_server *s);

/** The connection of a number if it still is the one of that serial number, else NULL. */
struct connection *thm_conn_if(struct thm_server *s, uint32_t number, uint32_t serial);

/* --- hold.c --------------------------------------------------------------------------------- */

/** The connection's device is known: its limits count from now on; and until it is gone. */
void thm_hold_enter(struct thm_server *s, struct connection *c);
void thm_hold_leave(struct thm_server *s, struct connection *c);

/** A connection's address came with the key of no invitation: that counts as a login of whoever is there. And whether its
 * address has to wait for that before its handshake. */
void thm_hold_stranger(struct thm_server *s, const struct connection *c);
bool thm_hold_estranged(const struct thm_server *s, const struct connection *c);

/** Whether input may be taken. False: the connection is looked at when it may. */
bool thm_hold_ready(struct thm_server *s, struct connection *c);

/** Counts what its device did. */
void thm_hold_spend(struct thm_server *s, struct connection *c, enum thm_limit_kind kind,
                    size_t tokens);

/** Whether its device may log in now, which is counted. False: it was refused. */
bool thm_hold_login(struct thm_server *s, struct connection *c);

/** Lets those go on whose time has come, and when that is next. */
void thm_hold_wake(struct thm_server *s);
uint64_t thm_hold_deadline(const struct thm_server *s);

/* --- input.c -------------------------------------------------------------------------------- */

/** Reads and handles lines while the connection may take input. */
void thm_input_run(struct thm_server *s, struct connection *c);

/** Answers with an `error` about a request. `key` and `what` may be NULL. */
void thm_input_error(struct thm_server *s, struct connection *c, const struct thm_msg *request,
                     int code, const char *key);

/** The same, with another reason than the usual words. */
void thm_input_error_saying(struct thm_server *s, struct connection *c,
                            const struct thm_msg *request, int code, const char *key,
                            const char *reason);

/* --- output.c ------------------------------------------------------------------------------- */

/* Bytes that the answer to one request, or one row of a long answer, may take. */
#define OUTPUT_REQUEST (2 * (size_t)THM_LINE_MAX)

/** Drops what is still to be sent: the peer takes nothing more. */
void thm_output_discard(struct connection *c);

/** Makes sure that the connection has an output buffer. False: none is free; it is looked at when one is. */
bool thm_output_get(struct thm_server *s, struct connection *c);

/** Bytes of room that nothing is owed: for answers to further requests, and for what is said unasked. */
size_t thm_output_room(const struct connection *c);

/** Appends an answer. There is room when the request was taken with OUTPUT_REQUEST bytes of it, or counted in
 * `appends`, `jobs` or `auto_join` until now. False: it could not be encoded. */
bool thm_output_msg(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** Appends something unasked. False: no credit or no room now (nothing was appended). */
bool thm_output_news(struct thm_server *s, struct connection *c, const struct thm_msg *m);
bool thm_output_entry(struct thm_server *s, struct connection *c, const struct thm_entry *e);

/** Whether something unasked of `len` bytes may be said now: credit and room. */
bool thm_output_may(const struct connection *c, size_t len);

/** Appends the last line of a connection: there is always room. */
void thm_output_last(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** Fills and sends until nothing is left or the socket is full. */
void thm_output_run(struct thm_server *s, struct connection *c);

/* --- deliver.c ------------------------------------------------------------------------------ */

/** Adds what the session is to get unasked: entries after its cursors, presence, states. */
void thm_deliver_fill(struct thm_server *s, struct connection *c);

/** A read from the store came back. */
void thm_deliver_read_done(struct thm_server *s, struct read_job *r);

/** Starts to read entries for a membership or a history. False: no read job is free. */
bool thm_deliver_read(struct thm_server *s, struct connection *c, uint32_t stream, uint64_t from,
                      unsigned max, bool history);

/* --- login.c -------------------------------------------------------------------------------- */

void thm_login_hello(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void thm_login_auth_request(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** The store has answered what a login asked. */
void thm_login_step(struct thm_server *s, struct job *j);

/** Lets a connection in, under an alias if it wished for one. `proof` is server-final, or NULL. False: there was no room. */
bool thm_login_grant(struct thm_server *s, struct connection *c, struct thm_slice alias,
                     const char *proof);

/** Has a job write an account; nobody waits for it, and the job is given back. */
void thm_login_note(struct thm_server *s, struct job *j, const struct thm_fields *record);

/** Refuses a login; the connection ends. `data` and `reason` (NULL: that of `code`) may be NULL. `retry_s` < 0: trying again
 * makes no sense. */
void thm_login_refuse(struct thm_server *s, struct connection *c, int code, const char *reason,
                      const char *data, int64_t retry_s);

/** The session is gone: leaves rooms and lists. */
void thm_login_leave(struct thm_server *s, struct connection *c);

/* --- proof.c ------------------------------------------------------------------------------- */

/** Asks for the passcode. The account and its record are as the job read them, empty if there is none. */
void thm_proof_ask(struct thm_server *s, struct connection *c, const struct job *j,
                   struct account *account, struct thm_fields *record);

/** Wipes what a login by passcode has come to. */
void thm_proof_forget(struct thm_server *s, struct connection *c);

/** Takes a line of the exchange. */
void thm_proof_request(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/* --- certify.c ------------------------------------------------------------------------------ */

/** A session asks for another certificate. */
void thm_certify_request(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** Any line of who came by an invitation. */
void thm_certify_line(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** The store has answered what that asked. */
void thm_certify_step(struct thm_server *s, struct job *j);

/* --- keys.c --------------------------------------------------------------------------------- */

/** What is kept of a key that was certified just now: the record, and the length of its key. */
size_t thm_key_record(const struct thm_signing *signing, uint64_t utc_ms, char key[THM_RECORD_KEY],
                      struct thm_fields *fields);

/** Whether the certificate of a key that is kept has ended: the key is good for nothing any more. */
bool thm_key_ended(const struct thm_record *record, uint64_t utc_ms);

/** What the keys of the records of a device begin with: the length of that. */
size_t thm_key_prefix(const struct thm_signing *signing, char prefix[THM_RECORD_KEY]);

/** Whether a record is of another key than that one, and its certificate has not ended. */
bool thm_key_is_other(const struct thm_record *record, const uint8_t key_hash[THM_KEY_HASH],
                      uint64_t utc_ms);

/** As thm_rooms_start() and thm_rooms_answered(). */
void thm_keys_start(struct thm_server *s);
void thm_keys_answered(struct thm_server *s);

/* --- invites.c ------------------------------------------------------------------------------ */

/** Whether there are invitations at all. */
bool thm_invites_kept(const struct thm_server *s);

/** The invitation of a bootstrap key, by the first THM_INVITE_ID bytes of its hash; 0: none. */
uint32_t thm_invite_find(const struct thm_server *s, const uint8_t *id);

/** thm_tls_config.admits: whether a key may enrol, as far as the handshake is concerned. */
bool thm_invite_admits(void *ctx, const uint8_t key_hash[THM_KEY_HASH]);

/** Reads the table at the start and sweeps it now and then; when that is due, ms. */
void thm_invites_run(struct thm_server *s);
uint64_t thm_invites_deadline(const struct thm_server *s);

/** Whether an invitation lets somebody in as that user; it is taken back then, and `fields` is its record from now on. */
bool thm_invite_take_back(struct thm_server *s, const struct thm_record *record, const char *user,
                          struct thm_fields *fields);

/** As thm_rooms_start() and thm_rooms_answered(); and whether that may be done, THM_OK or why not. */
void thm_invites_start(struct thm_server *s);
void thm_invites_answered(struct thm_server *s);
int thm_invites_may(const struct thm_server *s, const struct thm_admin_request *r);

/* --- operations.c --------------------------------------------------------------------------- */

/** Goes on with what the operator and moderators asked for. */
void thm_operations_run(struct thm_server *s);

/** The store has answered it. */
void thm_operations_done(struct thm_server *s);

/** When that is to go on, ms; UINT64_MAX: not by itself. */
uint64_t thm_operations_deadline(const struct thm_server *s);

/** What the store is asked next of the request that is under way: about which record, and what. */
void thm_operation_key(struct operations *o, const char *key, size_t len);
void thm_operation_ask(struct operations *o, enum thm_store_op ask, enum thm_server_kind kind);

/** The store is asked for a stream next, which is held until the request is done. False: no more can be held, and that was
 * the end of it. */
bool thm_operation_open(struct thm_server *s, const char *stream);

/** The request has come to its end: the next one's turn. */
void thm_operation_finish(struct thm_server *s, int result);

/** Adds a request. One without done() is a session's, and in a job. THM_OK, or THM_E_KEY_RANGE. */
int thm_operation_add(struct thm_server *s, struct thm_admin_request *r);

/** Whether that record is on its way to the store. */
bool thm_operation_writes(const struct thm_server *s, enum thm_server_kind kind, const char *key,
                          size_t len);

/* --- accounts.c, rooms.c, moderate.c ---------------------------------------------------------- */

/** What a request asks the store first; and the store has answered the last question. */
void thm_accounts_start(struct thm_server *s);
void thm_accounts_answered(struct thm_server *s);

/** Whether the account of a user is being removed. */
bool thm_accounts_removing(const struct thm_server *s, const char *user);

void thm_rooms_start(struct thm_server *s);
void thm_rooms_answered(struct thm_server *s);

/** A request of a session's is done, or failed. */
void thm_moderate_done(struct thm_server *s, struct thm_admin_request *r, int result);

/** Rules, or a user's standing, have changed: those whom it concerns are told. */
void thm_moderate_done_rules(struct thm_server *s, const struct thm_admin_request *r);
void thm_moderate_done_user(struct thm_server *s, const struct thm_admin_request *r,
                            uint32_t stream);

/** Sends all away from a room that is removed, and lets nobody in until that is done, or has failed. */
void thm_moderate_close(struct thm_server *s, const struct thm_admin_request *r, bool closing);

/** A moderator's request, and the question for a room's rules. */
void thm_moderate_request(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** Whether a request is that. */
bool thm_moderate_is_leave(const struct thm_admin_request *r);

/** A user has left a room of his own will: that is kept. Takes a job. */
void thm_moderate_leave(struct thm_server *s, struct connection *c, const char *room);

/** Tells a session that it was sent away from a room, and ends the membership. False: no credit or no room now. */
bool thm_moderate_tell(struct thm_server *s, struct connection *c, uint32_t membership);

/* --- directory.c ---------------------------------------------------------------------------- */

/** Finds a user; 0: not known. */
uint32_t thm_user_find(const struct thm_server *s, const char *id, size_t len);

/** Finds or makes a user. 0: no more can be remembered. */
uint32_t thm_user_need(struct thm_server *s, const char *id);

/** Says a session its user's alias if it is to be told. False: no credit or no room now. */
bool thm_user_tell_alias(struct thm_server *s, struct connection *c);

/** The user is online with one session more, or one less. */
void thm_user_add_session(struct thm_server *s, uint32_t user, struct connection *c);
void thm_user_remove_session(struct thm_server *s, struct connection *c);

/** The session of a user's device; NULL: none. */
struct connection *thm_user_session(const struct thm_server *s, uint32_t user, const char *device,
                                    size_t len);

/** The user of that id or, failing that, who has that alias; in any case of letters. 0: nobody. */
uint32_t thm_user_by_name(const struct thm_server *s, const char *name, size_t len);

/** Whether an alias may be the id of a user who is not here, which the store knows: that id goes to `id`. */
bool thm_user_may_be(const struct thm_server *s, const struct connection *c, struct thm_slice alias,
                     char id[THM_ID_MAX + 1]);

/** Gives a session's user an alias, and has his other sessions and rooms told. His own id is always free for
 * him. THM_OK, THM_E_ALIAS_TAKEN. */
int thm_user_set_alias(struct thm_server *s, struct connection *c, struct thm_slice alias);

/* --- stream.c (streams and memberships) ------------------------------------------------------ */

/** Finds or makes the record of a stream. 0: no more can be held. */
uint32_t thm_stream_need(struct thm_server *s, const char *name, size_t len);
uint32_t thm_stream_find(const struct thm_server *s, const char *name, size_t len);

/** Takes what OPEN said. Members of a stream whose log is another than before get a gap. */
void thm_stream_opened(struct thm_server *s, uint32_t number, const struct thm_store_request *r);

/** Something new is in the stream: its members are looked at in this turn. */
void thm_stream_dirty(struct thm_server *s, uint32_t number);
void thm_stream_wake_members(struct thm_server *s);

/** The store has dropped all that was said there: forgets it too. */
void thm_stream_emptied(struct thm_server *s, uint32_t number);

/** The room is being removed: forgets its topic and states, which are not written any more either. */
void thm_stream_strip(struct thm_server *s, uint32_t number);

/** A store request concerns the stream, or no longer does. */
void thm_stream_hold(struct thm_server *s, uint32_t number);
void thm_stream_release(struct thm_server *s, uint32_t number);

/** Forgets the states in the room that nobody is in for longest. False: no such room has any. */
bool thm_stream_drop_idle_states(struct thm_server *s);

/** The membership of a session in a stream; 0: none. */
uint32_t thm_member_find(const struct thm_server *s, const struct connection *c, uint32_t stream);
uint32_t thm_member_add(struct thm_server *s, struct connection *c, uint32_t stream);
void thm_member_remove(struct thm_server *s, struct connection *c, uint32_t membership);

/** Moves a membership to the end of its session's list. */
void thm_member_last(struct thm_server *s, struct connection *c, uint32_t membership);

/** The stream was joined: the session is a member. Has the others told if it is its user's first. */
void thm_member_enter(struct thm_server *s, uint32_t membership);

/** The membership of a session of a user's in the stream, other than `except`; 0: none. */
uint32_t thm_member_of_user(const struct thm_server *s, uint32_t user, uint32_t stream,
                            const struct connection *except);

/** Whether a user's standing in the room is on its way to the store. */
bool thm_member_is_written(const struct thm_server *s, const char *user, uint32_t stream);

/** The membership in the room that a request names (the default room when it names none); NULL: answered by an error. */
struct membership *thm_member_of_request(struct thm_server *s, struct connection *c,
                                         const struct thm_msg *m);

/** The session is no longer in the stream, though its membership is still there: others are told if it was its user's last. */
void thm_member_exit(struct thm_server *s, uint32_t membership);

/* --- join.c --------------------------------------------------------------------------------- */

void thm_join_request(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void thm_join_leave(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** Joins the next stream of a plain hello. */
void thm_join_auto(struct thm_server *s, struct connection *c);

/** A step of joining came back from the store. */
void thm_join_step(struct thm_server *s, struct job *j);

/* --- say.c, append.c, append_line.c ------------------------------------------------------------------------ */

void thm_say_room(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void thm_say_whisper(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void thm_say_step(struct thm_server *s, struct job *j);

/** Asks the store again for receivers of whispers, of whom it could not tell. */
void thm_say_run(struct thm_server *s);

/** Who a connection's messages are from, as the store knows it. */
struct thm_sender thm_sender_of(const struct connection *c);

/** Tells the sender what became of a message: `accepted` or `stored`, or `refused`. */
void thm_say_taken(struct thm_server *s, struct connection *c, uint32_t stream, uint64_t csn,
                   uint64_t n, uint64_t time);
void thm_say_refused(struct thm_server *s, struct connection *c, uint64_t csn, const char *stream,
                     int code);

/** Bytes of the user id in a target. */
size_t thm_say_user_len(const char *to);

enum known { KNOWN_NOT, KNOWN_YES, KNOWN_BY_RECORD /* if at all: the store is to be asked */ };

/** Whether there is the user of a target. */
enum known thm_say_known(const struct thm_server *s, const char *to);

/** Asks the store whether there is the user of j->to. Only this connection waits for that: nobody can hold up what others
 * say by whispering to users who are not there. */
void thm_say_ask_for_user(struct thm_server *s, struct job *j);

/** It has answered. True: there is; the connection no longer waits. */
bool thm_say_found_user(struct thm_server *s, struct connection *c, struct job *j);

/** The inbox of a target's user. 0: no more can be held. */
uint32_t thm_say_inbox(struct thm_server *s, const char *to);

/** Whether a line may be handled: it may need a job. False: the connection is looked at when one is free. */
bool thm_job_ready(struct thm_server *s, struct connection *c);

/** Takes a job for a connection; thm_job_ready() has said that there is one. */
struct job *thm_job_take(struct thm_server *s, struct connection *c, enum job_step step, bool wait);
void thm_job_give(struct thm_server *s, struct job *j);

/** Hands a request to the store; false: the store's queue is full (retry in a later turn). */
void thm_job_submit(struct thm_server *s, struct job *j);

/** Goes on with a job that is not in the list of appends. */
void thm_job_step(struct thm_server *s, struct job *j);

/** Puts a job at the end of the list of appends. */
void thm_append_queue(struct thm_server *s, struct job *j);
void thm_append_done(struct thm_server *s, struct job *j);

/** Encodes the entry of one of a job's streams, with the number that it gets there, into the job's line. */
void thm_append_line(struct thm_server *s, struct job *j, unsigned i);

/** A room is being removed: what waits to be said there is refused, now or when the store has failed it. */
void thm_append_doom(struct thm_server *s, uint32_t stream);

/** Submits what may be submitted. */
void thm_append_run(struct thm_server *s);

/** Says a session whose messages wait that the store is in trouble, once. False: no credit or no room now. */
bool thm_append_tell_trouble(struct thm_server *s, struct connection *c);

/** The job that appends a sender's csn to a stream, if it is still under way; else NULL. */
struct job *thm_append_find(struct thm_server *s, struct thm_sender sender, uint32_t stream,
                            uint64_t csn);

/** The highest csn of a sender among the appends to a stream that are under way; 0: none. */
uint64_t thm_append_pending_csn(struct thm_server *s, struct thm_sender sender, uint32_t stream);

/** Collects what the store has done. Returns how many. */
unsigned thm_store_collect(struct thm_server *s);

/* --- receipt.c ------------------------------------------------------------------------------ */

/** A client tells somebody that his whispers came, or were read. */
void thm_receipt_request(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void thm_receipt_step(struct thm_server *s, struct job *j);

/** Whether an entry is a receipt: the entries of a stream are lines, and each begins with its type. */
bool thm_receipt_is(const struct thm_entry *e);

/** The message of a job that appends one, but for what every entry has. */
void thm_receipt_fill(const struct job *j, struct thm_msg *m);

/** Tells the client that its receipt was not taken. */
void thm_receipt_refused(struct thm_server *s, struct connection *c, const struct job *j, int code);

/* --- presence.c, attributes.c ----------------------------------------------------------------------------- */

/** A user came, left or changed. */
void thm_presence_joined(struct thm_server *s, uint32_t membership);
void thm_presence_left(struct thm_server *s, uint32_t stream, uint32_t user);

/** Another session of the same user stands for him in the room from now on. */
void thm_presence_hand_over(const struct membership *from, struct membership *to);

void thm_presence_changed(struct thm_server *s, uint32_t user, enum presence_event event);

/** Says what a member has not been told of the roster, topic and states. False: no room left. */
bool thm_presence_tell(struct thm_server *s, struct connection *c, struct membership *m);

/** Large rooms whose count is due. */
void thm_presence_expire(struct thm_server *s);

void thm_presence_state(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void thm_presence_topic(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void thm_presence_away(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void thm_presence_alias(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** The store has said whether the alias that was asked for is a user's id. */
void thm_presence_alias_step(struct thm_server *s, struct job *j);

/* --- query.c -------------------------------------------------------------------------------- */

void thm_query_start(struct thm_server *s, struct connection *c, const struct thm_msg *m);
void thm_query_status(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** Makes the `room` line of a room, as far as everybody who may know of the room may know it. */
void thm_query_room(struct thm_msg *m, const struct stream *st);

/** A page of the rooms that are kept came back. */
void thm_query_rooms_done(struct thm_server *s, struct job *j);

void thm_query_quit(struct thm_server *s, struct connection *c, const struct thm_msg *m);

/** All that could be said was said: ends the session if it was asked to. */
void thm_query_finish(struct thm_server *s, struct connection *c);

/** Goes on with a walk while there is room. */
void thm_query_continue(struct thm_server *s, struct connection *c);
void thm_query_history_done(struct thm_server *s, struct connection *c, struct read_job *r);

/* --- command.c ------------------------------------------------------------------------------ */

/** Hands a cmd or a result on to the devices it is for. */
void thm_command_forward(struct thm_server *s, struct connection *c, const struct thm_msg *m);

#endif
