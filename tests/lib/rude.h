/* SPDX-License-Identifier: Apache-2.0
 * Plain sockets for tests of the network: the strangers, the half-dead and the rude. TCP on
 * 127.0.0.1 alone; each call ends the program when the system refuses it. */
#ifndef VIGIL_TESTS_LIB_RUDE_H
#define VIGIL_TESTS_LIB_RUDE_H

#include "common/types.h"

enum { RUDE_URL = 64 };

/* A URL nobody listens at. */
void rude_free_url(char url[RUDE_URL]);

/* Listens at a fresh URL with room for `backlog` connections that nobody accepts. */
int rude_listen(char url[RUDE_URL], int backlog);

/* The next connection to such a listener. */
int rude_accept(int listener);

/* Connects; -1 if nobody listens. */
int rude_dial(const char *url);

/* Sends what the other side takes; false once it has closed. */
bool rude_send(int fd, vg_span bytes);

/* Waits for what comes next and reads it; 0 when the other side has closed, or said nothing within
 * 10 seconds. */
size_t rude_receive(int fd, uint8_t *out, size_t size);

/* Ends a connection with a FIN in this direction alone, or at once with a RST. */
void rude_finish(int fd);
void rude_reset(int fd);

/* Reads and drops until the other side closes; false if it has not within 10 seconds. */
bool rude_was_closed(int fd);

#endif
