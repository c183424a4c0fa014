// The values of the public face that the format floor defines: schemas, ids, attribute values.

@_exported public import VarveFormat
