// The row nearest the mean, where searches start.
#include "graph_internal.h"

void vg_mean(const vg_space *space, const uint32_t *rows, uint32_t row_count, double *mean) {
    uint32_t dimension = space->table->dimension;
    memset(mean, 0, (dimension + 1) * sizeof(double));
    for (uint32_t s = 0; s < row_count; s++) {
        vg_point point = vg_point_of(space, rows[s]);
        double lo = point.row->lo, delta = point.row->delta;
        for (uint32_t i = 0; i < dimension; i++) mean[i] += lo + delta * point.code[i];
        mean[dimension] += point.row->lift;
    }
    for (uint32_t i = 0; i <= dimension; i++) mean[i] /= row_count;
}

uint32_t vg_nearest_to_mean(
    const vg_space *space, const uint32_t *rows, uint32_t row_count, const double *mean) {
    uint32_t dimension = space->table->dimension, nearest = rows[0];
    double least = 0;
    for (uint32_t s = 0; s < row_count; s++) {
        vg_point point = vg_point_of(space, rows[s]);
        double lo = point.row->lo, delta = point.row->delta;
        double apart = point.row->lift - mean[dimension], sum = apart * apart;
        for (uint32_t i = 0; i < dimension; i++) {
            apart = lo + delta * point.code[i] - mean[i];
            sum += apart * apart;
        }
        if (s == 0 || sum < least) {
            least = sum;
            nearest = rows[s];
        }
    }
    return nearest;
}
