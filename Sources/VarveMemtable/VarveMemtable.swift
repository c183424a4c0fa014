// VarveMemtable
