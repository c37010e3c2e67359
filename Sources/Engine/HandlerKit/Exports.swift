// A handler and its test are written with one import: items and their values, filters, settings, regions and stream views belong to what they see.
@_exported public import AttributeModel
@_exported public import Bytes
@_exported public import ChangeStream
@_exported public import EventPattern
@_exported public import EventSource
@_exported public import Replication
