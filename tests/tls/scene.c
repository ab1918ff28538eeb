#include "tls/scene.h"

unsigned char pattern[40000];

static int set_up_in(void **state, struct world *w)
{
    static struct scene scene;

    memset(&scene, 0, sizeof scene);
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (unsigned char)(i * 13 + (i >> 8));
    scene.w = w;
    *state = &scene;
    return 0;
}

int set_up(void **state)
{
    return set_up_in(state, world_new());
}

int set_up_peers(void **state)
{
    return set_up_in(state, world_of_peers());
}

int tear_down(void **state)
{
    world_free(((struct scene *)*state)->w);
    return 0;
}

struct thm_tls_usage usage(const struct end *e)
{
    struct thm_tls_usage u;

    thm_tls_domain_usage(e->domain, &u);
    return u;
}

struct pair_end *wire_from(struct scene *s, const struct thm_tls *t)
{
    return &s->w->port.ends[t->socket - 1];
}

size_t write_all(struct thm_tls *t, size_t len)
{
    size_t n;

    assert_int_equal(thm_tls_write(t, pattern, len, &n), THM_IO_OK);
    return n;
}

size_t read_all(struct thm_tls *t, size_t from)
{
    unsigned char *data;
    size_t n, total = 0;

    while (thm_tls_read(t, &data, &n) == THM_IO_OK) {
        assert_memory_equal(data, pattern + from + total, n);
        thm_tls_consume(t, n);
        total += n;
    }
    return total;
}
