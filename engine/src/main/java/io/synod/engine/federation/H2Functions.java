package io.synod.engine.federation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.sql.SqlAggFunction;
import org.apache.calcite.sql.SqlFunction;
import org.apache.calcite.sql.SqlFunctionCategory;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.SqlOperatorBinding;
import org.apache.calcite.sql.SqlOperatorTable;
import org.apache.calcite.sql.SqlSyntax;
import org.apache.calcite.sql.type.OperandTypes;
import org.apache.calcite.sql.type.SqlReturnTypeInference;
import org.apache.calcite.sql.validate.SqlNameMatcher;
import org.apache.calcite.util.Optionality;
import org.h2.engine.SessionLocal;

/** Functions of H2 that Calcite has not got; H2 says which type they return. Closing it ends the database that is asked. */
final class H2Functions implements SqlOperatorTable, AutoCloseable {
    /** Those whose value depends on their arguments and on nothing else, so that any database may compute it. */
    private static final Set<String> PURE = Set.of(
            "ARRAY_SLICE",
            "BITAND",
            "BITCOUNT",
            "BITNAND",
            "BITNOR",
            "BITNOT",
            "BITOR",
            "BITXNOR",
            "BITXOR",
            "CASEWHEN",
            "COMPRESS",
            "DATE_TRUNC",
            "DAYNAME",
            "DAY_OF_MONTH",
            "DAY_OF_WEEK",
            "DAY_OF_YEAR",
            "DIFFERENCE",
            "EXPAND",
            "FORMATDATETIME",
            "GCD",
            "HASH",
            "HEXTORAW",
            "INSTR",
            "ISO_DAY_OF_WEEK",
            "ISO_WEEK",
            "ISO_WEEK_YEAR",
            "ISO_YEAR",
            "LCASE",
            "LCM",
            "LOCATE",
            "LPAD",
            "LSHIFT",
            "MONTHNAME",
            "NVL2",
            "ORA_HASH",
            "PARSEDATETIME",
            "QUOTE_IDENT",
            "RAWTOHEX",
            "REGEXP_SUBSTR",
            "ROTATELEFT",
            "ROTATERIGHT",
            "ROUNDMAGIC",
            "RPAD",
            "RSHIFT",
            "SOUNDEX",
            "SPACE",
            "STRINGDECODE",
            "STRINGENCODE",
            "STRINGTOUTF8",
            "TRIM_ARRAY",
            "TRUNC",
            "TRUNCATE",
            "UCASE",
            "ULSHIFT",
            "URSHIFT",
            "UTF8TOSTRING",
            "WIDTH_BUCKET",
            "XMLATTR",
            "XMLCDATA",
            "XMLCOMMENT",
            "XMLTEXT",
            "ZERO");

    private static final Set<String> AGGREGATES = Set.of("MEDIAN");

    private final SqlOperatorTable known;
    private final SessionLocal own;
    private final CalciteTypes types;
    private Scratch scratch;

    /** @param known functions of Calcite, which has the first say */
    H2Functions(SqlOperatorTable known, SessionLocal own, CalciteTypes types) {
        this.known = known;
        this.own = own;
        this.types = types;
    }

    @Override
    public void lookupOperatorOverloads(
            SqlIdentifier name,
            SqlFunctionCategory category,
            SqlSyntax syntax,
            List<SqlOperator> operators,
            SqlNameMatcher matcher) {
        known.lookupOperatorOverloads(name, category, syntax, operators, matcher);
        if (!operators.isEmpty() || syntax != SqlSyntax.FUNCTION || !name.isSimple()) {
            return;
        }
        String function = name.getSimple().toUpperCase(Locale.ROOT);
        SqlReturnTypeInference type = binding -> type(function, binding);
        if (PURE.contains(function)) {
            operators.add(new SqlFunction(
                    function, SqlKind.OTHER_FUNCTION, type, null, OperandTypes.VARIADIC, SqlFunctionCategory.SYSTEM));
        } else if (AGGREGATES.contains(function)) {
            operators.add(
                    new SqlAggFunction(
                            function,
                            null,
                            SqlKind.OTHER_FUNCTION,
                            type,
                            null,
                            OperandTypes.VARIADIC,
                            SqlFunctionCategory.SYSTEM,
                            false,
                            false,
                            Optionality.FORBIDDEN) {});
        }
    }

    private RelDataType type(String function, SqlOperatorBinding binding) {
        List<String> arguments = new ArrayList<>();
        for (RelDataType type : binding.collectOperandTypes()) {
            SqlNode written = H2Dialect.INSTANCE.getCastSpec(type);
            if (written == null) {
                throw new Unplannable("the function " + function);
            }
            arguments.add(
                    "CAST(NULL AS " + written.toSqlString(H2Dialect.INSTANCE).getSql() + ")");
        }
        if (scratch == null) {
            scratch = Scratch.like(own);
        }
        var command = scratch.session().prepareCommand("SELECT " + function + "(" + String.join(", ", arguments) + ")");
        return types.of(command.getMetaData().getColumnType(0), true);
    }

    @Override
    public List<SqlOperator> getOperatorList() {
        return known.getOperatorList();
    }

    @Override
    public void close() {
        if (scratch != null) {
            scratch.close();
        }
    }
}
