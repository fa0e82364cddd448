// self_test: what an adapter must be able to do.   Twin: src/backend/gpu/self_test.rs
//   answers[0]     iterations of a loop of 70,000
//   answers[1..4]  Philox4x32-10 on the published vectors
//   answers[4]     four numbers rounded by adding and taking away 1.5·2²³

@group(0) @binding(0) var<storage, read_write> answers: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> questions: array<vec4<u32>>;

@compute @workgroup_size(1)
fn self_test() {
    let limit = questions[0].x;
    var count = 0u;
    var mixed = questions[0].y;
    for (var k = 0u; k < limit; k++) {
        mixed = mixed * 1664525u + 1013904223u;
        count += 1u + (mixed >> 31u) - (mixed >> 31u);
    }
    answers[0] = vec4<u32>(count, mixed, 0u, 0u);
    for (var k = 0u; k < 3u; k++) {
        var words = questions[1u + 2u * k];
        var keys = questions[2u + 2u * k].xyxy + vec4<u32>(0u, 0u, 0x9E3779B9u, 0xBB67AE85u);
        for (var rounds = 0u; rounds < 5u; rounds++) {
            words = two_rounds(words, keys);
            keys += 2u * vec4<u32>(0x9E3779B9u, 0xBB67AE85u, 0x9E3779B9u, 0xBB67AE85u);
        }
        answers[1u + k] = words;
    }
    let numbers = bitcast<vec4<f32>>(questions[7]);
    let magic = bitcast<vec4<f32>>(questions[8]);
    answers[4] = bitcast<vec4<u32>>((numbers + magic.x) - magic.y);
}
