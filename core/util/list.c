#include "util/list.h"

void thm_list_insert(struct thm_list *list, struct thm_links links, uint32_t number,
                     uint32_t behind)
{
    uint32_t before = behind != 0 ? thm_link_at(links, behind)->next : list->first;

    *thm_link_at(links, number) = (struct thm_link){.prev = behind, .next = before};
    if (behind != 0)
        thm_link_at(links, behind)->next = number;
    else
        list->first = number;
    if (before != 0)
        thm_link_at(links, before)->prev = number;
    else
        list->last = number;
}

void thm_list_append(struct thm_list *list, struct thm_links links, uint32_t number)
{
    thm_list_insert(list, links, number, list->last);
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
