/* SPDX-License-Identifier: MIT */
#ifndef EXITS_H
#define EXITS_H

#include <stdint.h>

#define EXITS	14

void exits_read(uint64_t counts[EXITS]);
/* One line on standard error: those since @before. */
void exits_show(const uint64_t before[EXITS]);

#endif
