// VarveFilter
