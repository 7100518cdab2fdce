package io.synod.jdbc;

import org.h2.value.TypeInfo;
import org.h2.value.Value;
import org.h2.value.ValueArray;
import org.h2.value.ValueEnumBase;
import org.h2.value.ValueRow;
import org.h2.value.ValueVarchar;

/** What H2's protocol cannot carry as a parameter, in a form in which it can. */
public final class RemoteValues {
    private RemoteValues() {}

    /**
     * H2 reads an ENUM by the type of its column, and fails with a NullPointerException where it is that of a parameter. Its
     * text means the same.
     */
    public static Value sendable(Value value) {
        if (value instanceof ValueEnumBase) {
            return ValueVarchar.get(value.getString());
        }
        if (value instanceof ValueArray array && hasEnum(array.getList())) {
            return ValueArray.get(TypeInfo.TYPE_VARCHAR, sendable(array.getList()), null);
        }
        if (value instanceof ValueRow row && hasEnum(row.getList())) {
            return ValueRow.get(sendable(row.getList()));
        }
        return value;
    }

    private static boolean hasEnum(Value[] values) {
        for (Value value : values) {
            if (sendable(value) != value) {
                return true;
            }
        }
        return false;
    }

    private static Value[] sendable(Value[] values) {
        Value[] copy = new Value[values.length];
        for (int i = 0; i < values.length; i++) {
            copy[i] = sendable(values[i]);
        }
        return copy;
    }
}
