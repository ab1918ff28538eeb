#include "client/lobby.h"

#include <stdio.h>

void say(const char *to, const char *text)
{
    assert_int_equal(thm_client_say(&fake.client, to, text, strlen(text), NULL), THM_OK);
}

void line(const char *format, ...)
{
    char buf[2 * THM_LINE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(buf, sizeof buf, format, args);
    va_end(args);
    fake_line(buf);
}

void sent(const char *format, ...)
{
    char buf[2 * THM_LINE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(buf, sizeof buf, format, args);
    va_end(args);
    fake_sent(buf);
}

void entry(unsigned n, unsigned csn)
{
    char id[40] = "";

    if (csn != 0)
        snprintf(id, sizeof id, "'id':'0b0b0b0b-%u',", csn);
    line("{'msgtype':'message','room':'#lobby','n':%u,'time':1,'from':'bob','device':'d',"
         "'alias':'bob',%s'text':'text %u'}",
         n, id, n);
}

void joined(const char *room, const char *incarnation, unsigned n, unsigned after)
{
    line("{'msgtype':'joined','room':'%s','incarnation':'%s','n':%u,'after':%u}", room, incarnation,
         n, after);
}

void in_lobby(unsigned n)
{
    fake_init();
    assert_int_equal(thm_client_join(&fake.client, "#lobby"), THM_OK);
    fake_login();
    fake_line("{'msgtype':'auth_reply','status':'GRANTED','userid':'ali','device':'desk'}");
    joined("@ali", INBOX_LOG, 0, 0);
    joined("#lobby", FIRST_LOG, n, n);
    fake_wait(THM_ACK_DELAY_MS);
    fake_skip_sent();
    fake_skip_told();
}

void again(const char *lobby_log, unsigned head, unsigned after)
{
    fake_reconnect();
    fake_skip_sent();
    joined("@ali", INBOX_LOG, 0, 0);
    joined("#lobby", lobby_log, head, after);
    fake_told("joined");
    fake_told("joined");
}
