// VarveGraph
