// lists: neighbour lists of one replica, in storage.   Twin: src/forces/pairwise.rs (which needs none)
// One list per share of an atom's partners: 16-bit slots in ascending order, two a word, mobile and frozen apart.
//   lists  [n_replicas * LIST_WORDS * LIST_ITEMS]  word 0: words of mobile neighbours, all words + 1

// CAPACITY where lists are kept, else 1.
override REFERENCE_SLOTS: u32 = 1u;
// Header of a list that did not fit: its share goes through all pairs instead.
const OVERFLOW = 0xffffffffu;

// Positions at the last rebuild.
var<workgroup> local_reference: array<vec4<f32>, REFERENCE_SLOTS>;

fn list_word(replica: u32, word: u32, item: u32) -> u32 {
    return (replica * LIST_WORDS + word) * LIST_ITEMS + item;
}

// A list while it is written.
struct ListWriter {
    first: u32,
    word: u32,
    half: u32,
}

fn append(writer: ptr<function, ListWriter>, slot: u32) {
    if (*writer).half == 0u {
        (*writer).half = slot + 1u;
        return;
    }
    if (*writer).word < LIST_WORDS {
        lists[(*writer).first + (*writer).word * LIST_ITEMS] = ((*writer).half - 1u) | (slot << 16u);
    }
    (*writer).word += 1u;
    (*writer).half = 0u;
}

// Lists of all shares of this thread, and the reference positions of its atoms. Frozen atoms that are in bins are left out.
fn build_lists(replica: u32, n: u32, share: Share, thread: u32) {
    let reach = sqrt(table.walls.z);
    for (var i = share.tile; i < n; i += WORKGROUP) {
        let item = i * share.n_lanes + share.lane;
        let atom = local_position[i].xyz;
        var writer = ListWriter(list_word(replica, 0u, item), 1u, 0u);
        for (var j = share.lane; j < n; j += share.n_lanes) {
            let d = minimum_image(atom - local_position[j].xyz);
            if dot(d, d) < table.walls.z && j != i {
                append(&writer, j);
            }
        }
        // an atom is no neighbour of itself: its slot pads a list
        if writer.half != 0u {
            append(&writer, i);
        }
        let mobile_end = writer.word;
        if !BINNED {
            for (var g = 0u; g < table.n_groups; g++) {
                let group = table.groups[g];
                if !within_reach(group, atom.z, atom.z, reach) {
                    continue;
                }
                for (var j = group.first + share.lane; j < group.last; j += share.n_lanes) {
                    let d = minimum_image(atom - frozen_atom(j));
                    if dot(d, d) < table.walls.z {
                        append(&writer, CAPACITY + j);
                    }
                }
            }
            if writer.half != 0u {
                append(&writer, i);
            }
        }
        let header = select(OVERFLOW, mobile_end | (writer.word << 16u), writer.word <= LIST_WORDS);
        lists[list_word(replica, 0u, item)] = header;
    }
    for (var i = thread; i < n; i += WORKGROUP) {
        local_reference[i] = local_position[i];
    }
}
