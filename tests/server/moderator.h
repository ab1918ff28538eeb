/* moderator.h: rooms with rules: what the operator asks, and people in them. */
#ifndef SERVER_MODERATOR_H
#define SERVER_MODERATOR_H

#include "server/rig.h"
#include "thimble/admin.h"

/* What became of the last request: lists have a row a line. */
extern struct asked {
    int result;
    bool done;
    char rows[2000];
} asked;

/** A rig whose store keeps rooms; a `change` of rig_start(). */
void durable(struct rig *r);

/** Takes what became of a request into `asked`. */
void on_done(struct thm_admin_request *request, int result);

/** Asks for something and waits until it is done: THM_OK, or an error. */
int ask(struct rig *r, struct thm_admin_request request);
int room(struct rig *r, enum thm_admin_op op, const char *name, unsigned set,
         struct thm_room_rules rules);
int deed(struct rig *r, const char *name, const char *user, enum thm_deed what);

/** The list of a room's users, and of all rooms. */
const char *users(struct rig *r, const char *name);
const char *rooms(struct rig *r);

/** Logs in with ample credit and joins the room; `joined` is read. */
struct peer *member(struct rig *r, unsigned who, const char *name);

/** Says something and waits until it is there. */
void say_stored(struct peer *p, const char *name, const char *text);

/** Says a line and expects an error with that code. */
void refused(struct peer *p, const char *line, const char *code);

/** Expects that history tells exactly these texts, of a letter each. */
void expect_past(struct peer *p, const char *name, const char *texts);

#endif
