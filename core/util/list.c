#include "util/list.h"

void thm_list_append(struct thm_list *list, struct thm_links links, uint32_t number)
{
    *thm_link_at(links, number) = (struct thm_link){.prev = list->last, .next = 0};
    if (list->last != 0)
        thm_link_at(links, list->last)->next = number;
    else
        list->first = number;
    list->last = number;
}

void thm_list_remove(struct thm_list *list, struct thm_links links, uint32_t number)
{
    struct thm_link *link = thm_link_at(links, number);

    if (link->prev != 0)
        thm_link_at(links, link->prev)->next = link->next;
    else
        list->first = link->next;
    if (link->next != 0)
        thm_link_at(links, link->next)->prev = link->prev;
    else
        list->last = link->prev;
    *link = (struct thm_link){0, 0};
}
