// VarveLog
