// VarveQuery
