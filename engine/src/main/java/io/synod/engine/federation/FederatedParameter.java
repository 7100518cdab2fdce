package io.synod.engine.federation;

import org.h2.api.ErrorCode;
import org.h2.expression.ParameterInterface;
import org.h2.message.DbException;
import org.h2.value.TypeInfo;
import org.h2.value.Value;

/** A parameter of a statement over several databases, with what H2 says of it had it all tables in one database. */
final class FederatedParameter implements ParameterInterface {
    /** Its metadata. */
    record Description(TypeInfo type, int nullable) {}

    private final int index;
    private Description description;
    private Value value;

    FederatedParameter(int index, Description description) {
        this.index = index;
        this.description = description;
    }

    /** The catalogue has changed: the same parameter may stand beside another type. */
    void describe(Description now) {
        description = now;
    }

    @Override
    public void setValue(Value newValue, boolean closeOld) {
        value = newValue;
    }

    @Override
    public Value getParamValue() {
        return value;
    }

    @Override
    public void checkSet() {
        if (value == null) {
            throw DbException.get(ErrorCode.PARAMETER_NOT_SET_1, "#" + (index + 1));
        }
    }

    @Override
    public boolean isValueSet() {
        return value != null;
    }

    @Override
    public TypeInfo getType() {
        return description.type();
    }

    @Override
    public int getNullable() {
        return description.nullable();
    }
}
