package io.synod.engine.federation;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.apache.calcite.avatica.util.TimeUnit;
import org.apache.calcite.jdbc.JavaTypeFactoryImpl;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.rel.type.RelDataTypeSystem;
import org.apache.calcite.rel.type.RelDataTypeSystemImpl;
import org.apache.calcite.sql.SqlIntervalQualifier;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.type.SqlTypeName;
import org.h2.api.IntervalQualifier;
import org.h2.value.TypeInfo;
import org.h2.value.Value;

/**
 * H2's types in Calcite's terms. They only have to be near enough for its validator: values never meet Calcite, and the
 * types of a result are H2's.
 */
final class CalciteTypes extends JavaTypeFactoryImpl {
    static final RelDataTypeSystem SYSTEM = new RelDataTypeSystemImpl() {
        private static final int VARCHAR_PRECISION = 1_048_576;
        private static final int DECIMAL_PRECISION = 100_000;

        @Override
        public int getMaxPrecision(SqlTypeName type) {
            return switch (type) {
                case DECIMAL -> DECIMAL_PRECISION;
                case TIME, TIMESTAMP, TIME_TZ, TIMESTAMP_TZ -> 9;
                case VARCHAR, CHAR, VARBINARY, BINARY -> VARCHAR_PRECISION;
                default -> super.getMaxPrecision(type);
            };
        }

        @Override
        public int getMaxScale(SqlTypeName type) {
            return type == SqlTypeName.DECIMAL ? DECIMAL_PRECISION : super.getMaxScale(type);
        }

        @Override
        public int getDefaultPrecision(SqlTypeName type) {
            return switch (type) {
                case DECIMAL -> DECIMAL_PRECISION;
                case TIMESTAMP, TIMESTAMP_TZ -> 6;
                default -> super.getDefaultPrecision(type);
            };
        }

        @Override
        public RelDataType deriveSumType(RelDataTypeFactory types, RelDataType argument) {
            return switch (argument.getSqlTypeName()) {
                case TINYINT, SMALLINT, INTEGER ->
                    types.createTypeWithNullability(types.createSqlType(SqlTypeName.BIGINT), argument.isNullable());
                case BIGINT ->
                    types.createTypeWithNullability(
                            types.createSqlType(SqlTypeName.DECIMAL, 29, 0), argument.isNullable());
                case REAL ->
                    types.createTypeWithNullability(types.createSqlType(SqlTypeName.DOUBLE), argument.isNullable());
                default -> argument;
            };
        }

        @Override
        public RelDataType deriveAvgAggType(RelDataTypeFactory types, RelDataType argument) {
            return switch (argument.getSqlTypeName()) {
                case TINYINT, SMALLINT, INTEGER, REAL ->
                    types.createTypeWithNullability(types.createSqlType(SqlTypeName.DOUBLE), argument.isNullable());
                case BIGINT ->
                    types.createTypeWithNullability(
                            types.createSqlType(SqlTypeName.DECIMAL, 29, 10), argument.isNullable());
                default -> argument;
            };
        }

        @Override
        public boolean shouldConvertRaggedUnionTypesToVarying() {
            return true;
        }
    };

    CalciteTypes() {
        super(SYSTEM);
    }

    @Override
    public Charset getDefaultCharset() {
        return StandardCharsets.UTF_8;
    }

    RelDataType of(TypeInfo type, boolean nullable) {
        return createTypeWithNullability(of(type), nullable);
    }

    private RelDataType of(TypeInfo type) {
        int kind = type.getValueType();
        return switch (kind) {
            case Value.BOOLEAN -> createSqlType(SqlTypeName.BOOLEAN);
            case Value.TINYINT -> createSqlType(SqlTypeName.TINYINT);
            case Value.SMALLINT -> createSqlType(SqlTypeName.SMALLINT);
            case Value.INTEGER -> createSqlType(SqlTypeName.INTEGER);
            case Value.BIGINT -> createSqlType(SqlTypeName.BIGINT);
            case Value.REAL -> createSqlType(SqlTypeName.REAL);
            case Value.DOUBLE, Value.DECFLOAT -> createSqlType(SqlTypeName.DOUBLE);
            case Value.NUMERIC ->
                createSqlType(
                        SqlTypeName.DECIMAL,
                        (int) Math.min(type.getPrecision(), SYSTEM.getMaxPrecision(SqlTypeName.DECIMAL)),
                        type.getScale());
            // Padding of CHAR is H2's matter: a cast to CHAR that Calcite adds would change values.
            case Value.CHAR, Value.VARCHAR, Value.VARCHAR_IGNORECASE, Value.CLOB, Value.ENUM ->
                createTypeWithCharsetAndCollation(
                        createSqlType(SqlTypeName.VARCHAR, (int)
                                Math.min(type.getPrecision(), SYSTEM.getMaxPrecision(SqlTypeName.VARCHAR))),
                        getDefaultCharset(),
                        org.apache.calcite.sql.SqlCollation.IMPLICIT);
            case Value.BINARY, Value.VARBINARY, Value.BLOB ->
                createSqlType(SqlTypeName.VARBINARY, (int)
                        Math.min(type.getPrecision(), SYSTEM.getMaxPrecision(SqlTypeName.VARBINARY)));
            case Value.DATE -> createSqlType(SqlTypeName.DATE);
            case Value.TIME -> createSqlType(SqlTypeName.TIME, type.getScale());
            case Value.TIME_TZ -> createSqlType(SqlTypeName.TIME_TZ, type.getScale());
            case Value.TIMESTAMP -> createSqlType(SqlTypeName.TIMESTAMP, type.getScale());
            case Value.TIMESTAMP_TZ -> createSqlType(SqlTypeName.TIMESTAMP_TZ, type.getScale());
            case Value.UUID -> createSqlType(SqlTypeName.UUID);
            case Value.ARRAY -> createArrayType(of((TypeInfo) type.getExtTypeInfo(), true), -1);
            default ->
                kind >= Value.INTERVAL_YEAR && kind <= Value.INTERVAL_MINUTE_TO_SECOND
                        ? interval(IntervalQualifier.valueOf(kind - Value.INTERVAL_YEAR))
                        : createSqlType(SqlTypeName.ANY);
        };
    }

    private RelDataType interval(IntervalQualifier qualifier) {
        String[] units = qualifier.toString().split(" TO ");
        return createSqlIntervalType(new SqlIntervalQualifier(
                TimeUnit.valueOf(units[0]), units.length > 1 ? TimeUnit.valueOf(units[1]) : null, SqlParserPos.ZERO));
    }
}
