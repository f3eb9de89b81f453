/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel for the simulator: search trees. They are not balanced.
 */
#ifndef SIM_KERNEL_RBTREE_H
#define SIM_KERNEL_RBTREE_H

#include "base.h"

struct rb_node {
	struct rb_node *rb_parent, *rb_left, *rb_right;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct rb_root_cached {
	struct rb_root rb_root;
};

#define RB_ROOT			((struct rb_root){ NULL })
#define RB_ROOT_CACHED		((struct rb_root_cached){ RB_ROOT })
#define rb_entry(ptr, type, member)	container_of(ptr, type, member)

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
				struct rb_node **link)
{
	*node = (struct rb_node){ .rb_parent = parent };
	*link = node;
}

#define rb_insert_color(node, root)	((void)(node), (void)(root))
#define rb_insert_color_cached(node, root, leftmost)			\
	((void)(node), (void)(root), (void)(leftmost))

static inline struct rb_node *rb_leftmost(struct rb_node *node)
{
	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

static inline struct rb_node *
rb_first_cached(const struct rb_root_cached *root)
{
	return rb_leftmost(root->rb_root.rb_node);
}

static inline void rb_replace(struct rb_node *old, struct rb_node *node,
			      struct rb_root *root)
{
	struct rb_node *parent = old->rb_parent;

	if (!parent)
		root->rb_node = node;
	else if (parent->rb_left == old)
		parent->rb_left = node;
	else
		parent->rb_right = node;
	if (node)
		node->rb_parent = parent;
}

/* The next larger node takes the place of one that has two below it. */
static inline void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *next;

	if (!node->rb_left || !node->rb_right) {
		rb_replace(node, node->rb_left ? node->rb_left : node->rb_right,
			   root);
		return;
	}
	next = rb_leftmost(node->rb_right);
	rb_replace(next, next->rb_right, root);
	rb_replace(node, next, root);
	next->rb_left = node->rb_left;
	next->rb_right = node->rb_right;
	if (next->rb_left)
		next->rb_left->rb_parent = next;
	if (next->rb_right)
		next->rb_right->rb_parent = next;
}

static inline void rb_erase_cached(struct rb_node *node,
				   struct rb_root_cached *root)
{
	rb_erase(node, &root->rb_root);
}

#endif /* SIM_KERNEL_RBTREE_H */
