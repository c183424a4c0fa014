// VarveCheck
