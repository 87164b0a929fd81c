// SPDX-License-Identifier: GPL-2.0-only
/*
 * libzx's VMARs in the process itself, over real mappings of memory files that
 * stand for VMOs: any calls on a VMAR of 64 pages and those inside it, compared
 * with a plain table of pages, and at the end with what Linux says is mapped.
 */
#include "fuzz.h"
#include "vmo_kernel.h"

#define PAGE		4096ull
#define PAGES		64
#define NODES		40
#define HANDLES		24
#define STEPS_MAX	200
#define BAD_POINTER	((void *)8)
#define PERMS		(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE)
#define CAN_MAP		(ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE)
#define CAN_SHIFT	7
#define EXACT		(ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE)

/* What stands in a page of a VMAR. */
struct page {
	enum { HOLE, MAPPING, VMAR } kind;
	unsigned int which;		/* VMO or node */
	uint64_t offset;		/* in the VMO, pages */
	zx_vm_option_t perms, max_perms;
};

static struct node {
	bool alive;
	unsigned int first, end;	/* pages from @base */
	zx_vm_option_t flags;
	int parent;
	struct page pages[PAGES];
} nodes[NODES];

static struct {
	zx_handle_t value;
	zx_rights_t rights;
	unsigned int node;
} handles[HANDLES];

static struct input input;
static zx_vaddr_t base;
static unsigned int node_count, handle_count;

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	vmos_create(PAGES * PAGE);
	return 0;
}

static zx_vm_option_t perms_of(zx_rights_t rights)
{
	return (rights & ZX_RIGHT_READ ? ZX_VM_PERM_READ : 0) |
	       (rights & ZX_RIGHT_WRITE ? ZX_VM_PERM_WRITE : 0) |
	       (rights & ZX_RIGHT_EXECUTE ? ZX_VM_PERM_EXECUTE : 0);
}

static void ask(unsigned int h)
{
	const struct node *node = &nodes[handles[h].node];
	bool may = handles[h].rights & ZX_RIGHT_INSPECT;
	zx_info_handle_count_t count;
	zx_info_vmar_t info;

	insist(zx_object_get_info(handles[h].value, ZX_INFO_HANDLE_COUNT, &count, sizeof(count),
				  NULL, NULL) == (may ? ZX_OK : ZX_ERR_ACCESS_DENIED));
	insist(!may || (count.handle_count && count.handle_count <= handle_count));
	insist(zx_object_get_info(handles[h].value, ZX_INFO_VMAR, &info, sizeof(info), NULL,
				  NULL) == (may ? ZX_OK : ZX_ERR_ACCESS_DENIED));
	insist(!may || info.base == base + node->first * PAGE);
	insist(!may || info.len == (node->end - node->first) * PAGE);
	zx_object_get_info(handles[h].value, take(&input, 1) % 32, &info, take(&input, 1) % 17,
			   NULL, NULL);
}

static void add_handle(zx_handle_t value, unsigned int node)
{
	zx_info_handle_basic_t info;

	insist(zx_object_get_info(value, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL) ==
	       ZX_OK);
	insist(info.type == ZX_OBJ_TYPE_VMAR && zxl_handle_fd(value) == -1);
	handles[handle_count].value = value;
	handles[handle_count].rights = info.rights;
	handles[handle_count++].node = node;
}

static void kill_node(unsigned int number)
{
	unsigned int i;

	nodes[number].alive = false;
	for (i = 0; i < node_count; i++)
		if (nodes[i].alive && nodes[i].parent == (int)number)
			kill_node(i);
}

static void clear(struct node *node, unsigned int first, unsigned int end)
{
	unsigned int i;

	for (i = first; i < end; i++) {
		if (node->pages[i].kind == VMAR && nodes[node->pages[i].which].alive)
			kill_node(node->pages[i].which);
		node->pages[i].kind = HOLE;
	}
}

static bool is_kind(const struct node *node, unsigned int first, unsigned int end, int kind)
{
	for (; first < end; first++)
		if ((int)node->pages[first].kind != kind)
			return false;
	return true;
}

static bool has_kind(const struct node *node, unsigned int first, unsigned int end, int kind)
{
	for (; first < end; first++)
		if ((int)node->pages[first].kind == kind)
			return true;
	return false;
}

static bool is_aligned(unsigned int at, unsigned int bits)
{
	return !((base + at * PAGE) & ((1ull << bits) - 1));
}

/* Of @pages pages, aligned to @bits, below @limit. */
static bool has_hole(const struct node *node, unsigned int pages, unsigned int bits,
		     unsigned int limit)
{
	unsigned int at;

	for (at = node->first; at + pages <= limit; at++)
		if (is_aligned(at, bits) && is_kind(node, at, at + pages, HOLE))
			return true;
	return false;
}

/* A place, as the caller of a call asks for it. */
struct place {
	zx_vm_option_t how, options;	/* @options: with the alignment, of @bits */
	unsigned int bits;
	uint64_t offset, length;
	bool valid;		/* options and range suit each other and the VMAR */
	bool fits;		/* and nothing is in the way */
	unsigned int first, end;	/* with EXACT */
};

static struct place take_place(const struct node *node, bool may_overwrite)
{
	static const zx_vm_option_t hows[] = {
		0, ZX_VM_SPECIFIC, ZX_VM_SPECIFIC, ZX_VM_SPECIFIC_OVERWRITE,
		ZX_VM_OFFSET_IS_UPPER_LIMIT,
	};
	uint8_t how = take(&input, 1), odd = take(&input, 1), bits = take(&input, 1);
	unsigned int size = node->end - node->first;
	struct place place = { .how = hows[how % 5], .bits = bits < 0x60 ? 0 : bits % 36 };
	uint64_t pages, offset = 0;

	if (!may_overwrite && place.how & ZX_VM_SPECIFIC_OVERWRITE)
		place.how = ZX_VM_SPECIFIC;
	pages = how < 0xf0 ? 1 + (how >> 4) % 9 : take_number(&input);
	if (place.how)
		offset = odd < 0xf0 ? odd % (size + 2) : take_number(&input);
	place.length = pages * PAGE;
	pages = place.length / PAGE;
	place.offset = offset * PAGE + (odd == 0xff);
	offset = place.offset / PAGE;
	place.options = place.how | place.bits << ZX_VM_ALIGN_BASE;
	place.valid = pages && odd != 0xff && pages < 1ull << 40 && offset <= size &&
		      (!place.bits || (place.bits >= 10 && place.bits <= 32)) &&
		      (!place.how || node->flags & ZX_VM_CAN_MAP_SPECIFIC) &&
		      pages <= (place.how & ZX_VM_OFFSET_IS_UPPER_LIMIT ? offset : size - offset);
	if (!place.valid)
		return place;
	place.first = node->first + offset;
	place.end = place.first + pages;
	place.valid = !(place.how & EXACT) || is_aligned(place.first, place.bits);
	if (place.how & ZX_VM_SPECIFIC_OVERWRITE)
		place.fits = !has_kind(node, place.first, place.end, VMAR);
	else if (place.how & ZX_VM_SPECIFIC)
		place.fits = is_kind(node, place.first, place.end, HOLE);
	else
		place.fits = has_hole(node, pages, place.bits,
				      place.how ? place.first : node->end);
	return place;
}

/* It came to be at @addr: was that right, and where is it? */
static void check_placed(const struct node *node, struct place *place, zx_vaddr_t addr)
{
	unsigned int at = (addr - base) / PAGE, pages = place->length / PAGE;

	insist(place->fits && addr >= base && addr % PAGE == 0);
	insist(at >= node->first && at + pages <= node->end);
	insist(is_aligned(at, place->bits));
	if (place->how & EXACT)
		insist(at == place->first);
	else
		insist(is_kind(node, at, at + pages, HOLE));
	if (place->how & ZX_VM_OFFSET_IS_UPPER_LIMIT)
		insist(at + pages <= place->first);
	place->first = at;
	place->end = at + pages;
}

static unsigned int pick_handle(void)
{
	return take(&input, 1) % handle_count;
}

static void map(void)
{
	unsigned int h = pick_handle(), which = take(&input, 1) % VMOS, i;
	struct node *node = &nodes[handles[h].node];
	zx_vm_option_t perms = take(&input, 1) & PERMS, max;
	struct place place = take_place(node, true);
	uint64_t offset = take(&input, 1) % PAGES;
	bool bad = !(place.how & ZX_VM_SPECIFIC_OVERWRITE) && take(&input, 1) == 0xff;
	zx_vaddr_t addr = 0;
	zx_status_t status;
	bool allowed;

	max = perms_of(handles[h].rights & vmos[which].rights) & (node->flags >> CAN_SHIFT);
	allowed = node->alive && place.valid && place.fits && !(perms & ~max) &&
		  (!perms || perms & ZX_VM_PERM_READ) && vmos[which].rights & ZX_RIGHT_MAP && !bad;
	status = zx_vmar_map(handles[h].value, perms | place.options, place.offset,
			     vmos[which].handle, offset * PAGE, place.length,
			     bad ? BAD_POINTER : &addr);
	insist((status == ZX_OK) == allowed);
	if (!allowed)
		return;
	check_placed(node, &place, addr);
	for (i = place.first; i < place.end; i++)
		node->pages[i] = (struct page) {
			MAPPING, which, offset + i - place.first, perms, max,
		};
}

static void allocate(void)
{
	unsigned int h = pick_handle(), number = handles[h].node, i;
	struct node *node = &nodes[number];
	uint8_t bits = take(&input, 1);
	zx_vm_option_t flags = (bits & PERMS) << CAN_SHIFT |
			       (bits & 8 ? 0 : ZX_VM_CAN_MAP_SPECIFIC);
	struct place place = take_place(node, false);
	bool bad = bits == 0xff, allowed;
	zx_vaddr_t addr = 0;
	zx_status_t status;
	zx_handle_t child;

	if (node_count == NODES || handle_count == HANDLES)
		return;
	allowed = node->alive && place.valid && place.fits && !(flags & CAN_MAP & ~node->flags) &&
		  !(flags >> CAN_SHIFT & PERMS & ~perms_of(handles[h].rights)) && !bad;
	status = zx_vmar_allocate(handles[h].value, flags | place.options, place.offset,
				  place.length, &child, bad ? BAD_POINTER : &addr);
	insist((status == ZX_OK) == allowed);
	if (!allowed)
		return;
	check_placed(node, &place, addr);
	for (i = place.first; i < place.end; i++)
		node->pages[i] = (struct page) { .kind = VMAR, .which = node_count };
	nodes[node_count] = (struct node) {
		.alive = true, .first = place.first, .end = place.end, .flags = flags,
		.parent = number,
	};
	add_handle(child, node_count++);
}

/* A range in or near a VMAR. */
static bool take_range(const struct node *node, uint64_t *addr, uint64_t *length)
{
	uint8_t first = take(&input, 1), pages = take(&input, 1);
	uint64_t at = node->first + first % (node->end - node->first + 1);

	*addr = base + at * PAGE + (first == 0xff ? 1 : 0);
	*length = pages < 0xf0 ? pages % 9 * PAGE : take_number(&input);
	return first != 0xff && *length && *length < PAGES * PAGE * 2 &&
	       at + (*length + PAGE - 1) / PAGE <= node->end;
}

/* VMARs go with what they stand in, but are not cut. */
static bool cuts(const struct node *node, unsigned int first, unsigned int end)
{
	unsigned int i;

	for (i = first; i < end; i++)
		if (node->pages[i].kind == VMAR && (nodes[node->pages[i].which].first < first ||
						    nodes[node->pages[i].which].end > end))
			return true;
	return false;
}

static void unmap(void)
{
	unsigned int h = pick_handle(), first, end;
	struct node *node = &nodes[handles[h].node];
	uint64_t addr, length;
	bool allowed = take_range(node, &addr, &length) && node->alive;

	first = (addr - base) / PAGE;
	end = first + (length + PAGE - 1) / PAGE;
	allowed = allowed && !cuts(node, first, end);
	insist((zx_vmar_unmap(handles[h].value, addr, length) == ZX_OK) == allowed);
	if (allowed)
		clear(node, first, end);
}

static void protect(void)
{
	unsigned int h = pick_handle(), first, end, i;
	struct node *node = &nodes[handles[h].node];
	zx_vm_option_t perms = take(&input, 1) & PERMS;
	uint64_t addr, length;
	bool allowed = take_range(node, &addr, &length) && node->alive;

	first = (addr - base) / PAGE;
	end = first + (length + PAGE - 1) / PAGE;
	allowed = allowed && (!perms || perms & ZX_VM_PERM_READ) &&
		  !(perms & ~perms_of(handles[h].rights)) && is_kind(node, first, end, MAPPING);
	for (i = first; allowed && i < end; i++)
		allowed = !(perms & ~node->pages[i].max_perms);
	insist((zx_vmar_protect(handles[h].value, perms, addr, length) == ZX_OK) == allowed);
	for (i = first; allowed && i < end; i++)
		node->pages[i].perms = perms;
}

static void destroy(void)
{
	unsigned int h = pick_handle(), number = handles[h].node;
	struct node *node = &nodes[number];
	bool allowed = node->alive && number;

	if (!number)
		return;
	insist((zx_vmar_destroy(handles[h].value) == ZX_OK) == allowed);
	if (allowed)
		clear(&nodes[node->parent], node->first, node->end);
}

/* Pages that zx_vmar_op_range() goes to, in order: each is that of its mapping. */
static const struct page *worked;

static void vmo_worked(unsigned int which, const struct zx_ioc_vmo_op_range *arg)
{
	uint64_t at;

	for (at = arg->offset; at < arg->offset + arg->length; at += PAGE, worked++)
		insist(worked->kind == MAPPING && worked->which == which &&
		       worked->offset == at / PAGE);
}

static void work(void)
{
	unsigned int h = pick_handle();
	uint8_t how = take(&input, 1);
	uint32_t op = how < 0x80 ? ZX_VMAR_OP_COMMIT : how % 24;
	struct node *node = &nodes[handles[h].node];
	uint64_t addr, length;

	take_range(node, &addr, &length);
	worked = &node->pages[(addr - base) / PAGE];
	zx_vmar_op_range(handles[h].value, op, addr, length, NULL, 0);
}

static void drop_handle(unsigned int h)
{
	handles[h] = handles[--handle_count];
}

/* The first one stays, so that there always is one. */
static void close_or_copy(void)
{
	unsigned int h = pick_handle();
	uint8_t how = take(&input, 1);
	zx_rights_t rights = how & 1 ? ZX_RIGHT_SAME_RIGHTS : handles[h].rights & ~(how << 1);
	zx_handle_t value = handles[h].value, fresh;
	unsigned int node = handles[h].node;

	if (how & 0x40) {
		if (handle_count == HANDLES)
			return;
		if (zx_handle_duplicate(value, rights, &fresh) == ZX_OK)
			add_handle(fresh, node);
	} else if (how & 0x80 && h) {
		insist(zx_handle_replace(value, rights, &fresh) == ZX_OK);
		insist(zx_handle_close(value) == ZX_ERR_BAD_HANDLE);
		drop_handle(h);
		add_handle(fresh, node);
	} else if (how & 0x20) {
		ask(h);
	} else if (h) {
		insist(zx_handle_close(value) == ZX_OK);
		insist(zx_handle_close(value) == ZX_ERR_BAD_HANDLE);
		drop_handle(h);
	}
}

/* Values that are no handle of ours, or one that was. */
static void strange_handle(void)
{
	zx_handle_t ours = 0xfc000003 | take(&input, 3) << 2;
	zx_handle_t value = take(&input, 1) & 1 ? take(&input, 4) : ours;
	zx_info_handle_basic_t info;
	zx_vaddr_t addr;
	unsigned int i;

	for (i = 0; i < handle_count; i++)
		if (handles[i].value == value)
			return;
	if (value == zx_vmar_root_self() || vmo_of(zxl_handle_fd(value)))
		return;
	insist(zx_object_get_info(value, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL) ==
	       ZX_ERR_BAD_HANDLE);
	insist(zx_vmar_map(handles[0].value, ZX_VM_PERM_READ, 0, value, 0, PAGE, &addr) ==
	       ZX_ERR_BAD_HANDLE);
	insist(zx_vmar_protect(value, 0, base, PAGE) == ZX_ERR_BAD_HANDLE);
}

/* The page of the innermost VMAR there. */
static const struct page *innermost(unsigned int at)
{
	const struct page *page = &nodes[0].pages[at];

	while (page->kind == VMAR)
		page = &nodes[page->which].pages[at];
	return page;
}

static void check_page(unsigned int at, const char *perms, uint64_t offset, ino_t inode)
{
	const struct page *page = innermost(at);
	bool mapped = page->kind == MAPPING;
	zx_vm_option_t got = (perms[0] == 'r' ? ZX_VM_PERM_READ : 0) |
			     (perms[1] == 'w' ? ZX_VM_PERM_WRITE : 0) |
			     (perms[2] == 'x' ? ZX_VM_PERM_EXECUTE : 0);

	insist(got == (mapped ? page->perms : 0));
	insist(inode == (mapped ? vmos[page->which].inode : 0));
	if (mapped)
		insist(offset == page->offset * PAGE);
}

/* Linux agrees, page by page. */
static void check_maps(void)
{
	unsigned long start, end, offset, inode;
	char line[4500], perms[5];
	unsigned int at = 0;
	FILE *maps = fopen("/proc/self/maps", "re");

	insist(maps);
	while (at < PAGES && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %4s %lx %*x:%*x %lu", &start, &end, perms, &offset,
			   &inode) != 5)
			continue;
		while (at < PAGES && start <= base + at * PAGE && end > base + at * PAGE) {
			check_page(at, perms, offset + base + at * PAGE - start, inode);
			at++;
		}
	}
	fclose(maps);
	insist(at == PAGES);
}

static void step(void)
{
	static void (*const steps[])(void) = {
		map, map, map, unmap, protect, allocate, allocate, destroy, work, close_or_copy,
		strange_handle,
	};

	steps[take(&input, 1) % (sizeof(steps) / sizeof(steps[0]))]();
}

static void begin(const uint8_t *data, size_t size)
{
	static const zx_vm_option_t hows[] = {
		0, 0, ZX_VM_ALIGN_64KB, ZX_VM_ALIGN_4GB, ZX_VM_OFFSET_IS_UPPER_LIMIT,
		ZX_VM_OFFSET_IS_UPPER_LIMIT | ZX_VM_ALIGN_1MB,
	};
	zx_vm_option_t flags = CAN_MAP | ZX_VM_CAN_MAP_SPECIFIC, how;
	uint64_t limit = 0;
	zx_handle_t handle;

	input = (struct input) { data, size };
	how = hows[take(&input, 1) % (sizeof(hows) / sizeof(hows[0]))];
	if (how & ZX_VM_OFFSET_IS_UPPER_LIMIT)
		limit = 0x7fff00000000 - take(&input, 1) * PAGE;
	memset(nodes, 0, sizeof(nodes));
	node_count = 1;
	handle_count = 0;
	insist(zx_vmar_allocate(zx_vmar_root_self(), flags | how, limit, PAGES * PAGE, &handle,
				&base) == ZX_OK);
	insist(!limit || base + PAGES * PAGE <= limit);
	nodes[0] = (struct node) { .alive = true, .end = PAGES, .flags = flags, .parent = -1 };
	add_handle(handle, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int steps = 0;

	begin(data, size);
	while (input.left && steps++ < STEPS_MAX)
		step();
	check_maps();
	insist(zx_vmar_destroy(handles[0].value) == ZX_OK);
	while (handle_count)
		insist(zx_handle_close(handles[--handle_count].value) == ZX_OK);
	return 0;
}
