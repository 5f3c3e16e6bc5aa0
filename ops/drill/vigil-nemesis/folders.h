/* SPDX-License-Identifier: Apache-2.0
 * Faults of what is on a disk: bodies that are others than were written, a folder put back from an
 * older image, a structure that leads nowhere. Acts as struct fault has them. */
#ifndef VIGIL_OPS_DRILL_VIGIL_NEMESIS_FOLDERS_H
#define VIGIL_OPS_DRILL_VIGIL_NEMESIS_FOLDERS_H

#include "ops/drill/vigil-nemesis/faults.h"

/* The node is killed, some of its bodies are altered, it runs on with them; at the end all must
 * have been fetched again from others. */
fault_act folders_damage;
fault_act folders_repair;

/* The node is killed, its folder copied, and it runs on; at the end the copy is put in the folder's
 * place, which must be noticed and end the node, and the folder is put back. Links are whole
 * meanwhile: what nobody remembers cannot be noticed (docs/storage.md). */
fault_act folders_take_image;
fault_act folders_put_image_back;

/* The node is killed, its folder copied, and its log's structure or what it has promised destroyed:
 * it must refuse to start. At the end the copy, in which nothing is missing, is put back. */
fault_act folders_lose_structure;
fault_act folders_restore;

#endif
