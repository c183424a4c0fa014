// VarveSegment
