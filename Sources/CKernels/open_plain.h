// Keeping the open list, without instructions of their own.

VK_TARGET static inline size_t select_below(const float *estimates, const uint32_t *rows,
                                            uint32_t row_count, float limit,
                                            float *out_distances, uint32_t *out_rows) {
    size_t count = 0;
    for (size_t i = 0; i < vk_group_lanes; i++) {
        out_distances[count] = estimates[i];
        out_rows[count] = rows[i];
        count += (size_t)((estimates[i] < limit) & (rows[i] < row_count));
    }
    return count;
}

VK_TARGET static inline size_t compact(float *distances, uint32_t *rows, size_t count,
                                       float limit) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const float distance = distances[i];
        const uint32_t row = rows[i];
        distances[kept] = distance;
        rows[kept] = row;
        kept += distance < limit;
    }
    return kept;
}

VK_TARGET static inline size_t least(const float *distances, size_t count) {
    vk_float16v least = VK_LOAD(distances);
    for (size_t i = 16; i < count; i += 16) {
        const vk_float16v v = VK_LOAD(distances + i);
        const vk_int16v less = v < least;
        least = VK_CHOOSE(less, v, least);
    }
    float smallest = least[0];
    for (size_t i = 1; i < 16; i++) smallest = least[i] < smallest ? least[i] : smallest;
    size_t place = 0;
    while (place + 1 < count && distances[place] != smallest) place += 1;
    return place;
}
