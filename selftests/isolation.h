/* SPDX-License-Identifier: GPL-2.0-only */
/* A memory cgroup for one test. */
#ifndef _SELFTESTS_ISOLATION_H
#define _SELFTESTS_ISOLATION_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"

#define CGROUP		"/sys/fs/cgroup"

struct group {
	char path[64];
};

static inline int group_write(const struct group *group, const char *name, long value)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), "%s/%s", group->path, name);
	snprintf(text, sizeof(text), "%ld", value);
	return file_write(path, text);
}

static inline int group_make(struct group *group)
{
	snprintf(group->path, sizeof(group->path), CGROUP "/isolation-%d", getpid());
	if (file_write(CGROUP "/cgroup.subtree_control", "+memory"))
		return -1;
	return mkdir(group->path, 0700);
}

/* The calling process goes in, with what it takes from now on. @limit 0: none. */
static inline int group_enter(const struct group *group, long limit)
{
	if (limit && group_write(group, "memory.max", limit))
		return -1;
	return group_write(group, "cgroup.procs", 0);
}

static inline long group_charged(const struct group *group)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/memory.current", group->path);
	return file_number(path);
}

static inline void group_remove(const struct group *group)
{
	file_write(CGROUP "/cgroup.procs", "0");
	rmdir(group->path);
}

#endif
