// The row nearest the mean, where searches start.
#include "graph_internal.h"

void vg_mean(const vg_space *space, uint32_t step, uint32_t sample_count, double *mean) {
    uint32_t dimension = space->table->dimension;
    memset(mean, 0, (dimension + 1) * sizeof(double));
    for (uint32_t s = 0; s < sample_count; s++) {
        vg_point point = vg_point_of(space, s * step);
        double lo = point.row->lo, delta = point.row->delta;
        for (uint32_t i = 0; i < dimension; i++) mean[i] += lo + delta * point.code[i];
        mean[dimension] += point.row->lift;
    }
    for (uint32_t i = 0; i <= dimension; i++) mean[i] /= sample_count;
}

uint32_t vg_nearest_to_mean(
    const vg_space *space, uint32_t step, uint32_t sample_count, const double *mean) {
    uint32_t dimension = space->table->dimension, nearest = 0;
    double least = 0;
    for (uint32_t s = 0; s < sample_count; s++) {
        vg_point point = vg_point_of(space, s * step);
        double lo = point.row->lo, delta = point.row->delta;
        double apart = point.row->lift - mean[dimension], sum = apart * apart;
        for (uint32_t i = 0; i < dimension; i++) {
            apart = lo + delta * point.code[i] - mean[i];
            sum += apart * apart;
        }
        if (s == 0 || sum < least) {
            least = sum;
            nearest = s * step;
        }
    }
    return nearest;
}
