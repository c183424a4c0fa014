// VarveQuantization
