import AttributeModel
import Partition

extension IndexDefinition {
    /// A global index; ordinals begin at 1.
    static func global(
        _ name: String, _ keys: String, _ projection: Projection = .all, ordinal: Ordinal = 1,
        status: Status = .active
    ) -> IndexDefinition {
        IndexDefinition(
            ordinal: ordinal, name: name, keySchema: schema(keys), projection: projection, status: status)
    }
}
