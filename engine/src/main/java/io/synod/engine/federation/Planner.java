package io.synod.engine.federation;

import io.synod.engine.federation.Words.Word;
import java.util.List;
import java.util.Locale;
import org.apache.calcite.avatica.util.Casing;
import org.apache.calcite.avatica.util.Quoting;
import org.apache.calcite.config.NullCollation;
import org.apache.calcite.plan.Contexts;
import org.apache.calcite.plan.RelOptCluster;
import org.apache.calcite.plan.RelOptRule;
import org.apache.calcite.plan.hep.HepPlanner;
import org.apache.calcite.plan.hep.HepProgramBuilder;
import org.apache.calcite.rel.RelHomogeneousShuttle;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.RelRoot;
import org.apache.calcite.rel.core.RelFactories;
import org.apache.calcite.rel.rules.CoreRules;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexShuttle;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlOperatorTable;
import org.apache.calcite.sql.fun.SqlLibrary;
import org.apache.calcite.sql.fun.SqlLibraryOperatorTableFactory;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.parser.SqlParseException;
import org.apache.calcite.sql.parser.SqlParser;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.parser.babel.SqlBabelParserImpl;
import org.apache.calcite.sql.type.SqlTypeUtil;
import org.apache.calcite.sql.util.SqlBasicVisitor;
import org.apache.calcite.sql.validate.SqlConformance;
import org.apache.calcite.sql.validate.SqlConformanceEnum;
import org.apache.calcite.sql.validate.SqlDelegatingConformance;
import org.apache.calcite.sql.validate.SqlValidator;
import org.apache.calcite.sql.validate.SqlValidatorUtil;
import org.apache.calcite.sql2rel.RelFieldTrimmer;
import org.apache.calcite.sql2rel.SqlToRelConverter;
import org.apache.calcite.tools.RelBuilder;

/** Makes a plan of a text by Calcite. Reads the databases' catalogues, executes nothing, keeps nothing. */
final class Planner {
    private static final SqlConformance CONFORMANCE = new SqlDelegatingConformance(SqlConformanceEnum.BABEL) {
        @Override
        public SelectAliasLookup isSelectAlias() {
            return SelectAliasLookup.UNSUPPORTED;
        }

        @Override
        public boolean isNonStrictGroupBy() {
            // Calcite takes any row's value; H2 looks whether they are all the same.
            return false;
        }
    };

    private static final SqlOperatorTable OPERATORS = SqlLibraryOperatorTableFactory.INSTANCE.getOperatorTable(
            SqlLibrary.STANDARD,
            SqlLibrary.POSTGRESQL,
            SqlLibrary.ORACLE,
            SqlLibrary.MYSQL,
            SqlLibrary.MSSQL,
            SqlLibrary.BIG_QUERY);

    private static final int NAME_LENGTH = 256;

    private Planner() {}

    /**
     * Plans a query.
     *
     * @throws Unplannable if there is no plan; its message says why in a few words
     */
    static FederatedPlan plan(String sql, TableNames names, Databases databases) {
        try {
            CalciteTypes types = new CalciteTypes();
            try (H2Functions functions =
                    new H2Functions(OPERATORS, databases.own().catalogue(), types)) {
                return attempt(sql, names, databases, types, functions);
            }
        } catch (Unplannable e) {
            throw e;
        } catch (SqlParseException e) {
            throw new Unplannable("its grammar, at line " + e.getPos().getLineNum() + ", column "
                    + e.getPos().getColumnNum());
        } catch (RuntimeException | AssertionError | StackOverflowError e) {
            throw new Unplannable(brief(e));
        }
    }

    /** Whether the text may order an aggregate's rows with its own place for nulls. */
    private static boolean ordersAggregatesNulls(List<Words.Word> words) {
        boolean nulls = words.stream().anyMatch(w -> w.is("NULLS"));
        return nulls
                && words.stream()
                        .anyMatch(w -> w.is("WITHIN")
                                || w.is("ARRAY_AGG")
                                || w.is("STRING_AGG")
                                || w.is("GROUP_CONCAT")
                                || w.is("LISTAGG"));
    }

    /** Calcite's messages may hold a whole plan, with constants of the text: only the first words are told. */
    private static String brief(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null && cause.getCause() != cause) {
            cause = cause.getCause();
        }
        String message = String.valueOf(cause.getMessage());
        int end = message.indexOf('\n');
        String line = end < 0 ? message : message.substring(0, end);
        return line.length() > 120 || line.equals("null") ? cause.getClass().getSimpleName() : line;
    }

    private static FederatedPlan attempt(
            String sql, TableNames names, Databases databases, CalciteTypes types, SqlOperatorTable functions)
            throws SqlParseException {
        CalciteCatalog catalog = CalciteCatalog.of(names.tables(), databases.own(), types);
        if (ordersAggregatesNulls(names.words())) {
            throw new Unplannable("NULLS FIRST or LAST beside WITHIN GROUP or an aggregate's ORDER BY");
        }
        refuseHiddenTables(names);
        SqlNode parsed = parse(sql, names, databases);
        SqlValidator validator = SqlValidatorUtil.newValidator(
                functions,
                catalog,
                types,
                SqlValidator.Config.DEFAULT
                        .withConformance(CONFORMANCE)
                        .withDefaultNullCollation(NullCollation.LOW)
                        .withCallRewrite(false)
                        .withIdentifierExpansion(true));
        parsed.accept(new SqlBasicVisitor<Void>() {
            @Override
            public Void visit(SqlCall call) {
                // H2 finds another result for these with an index than without one: that is left to it.
                if (call.getOperator() == SqlStdOperatorTable.ALL_EQ
                        || call.getOperator() == SqlStdOperatorTable.SOME_NE) {
                    throw new Unplannable(call.getOperator().getName());
                }
                return super.visit(call);
            }
        });
        SqlNode validated = validator.validate(parsed);
        HepPlanner cascade = new HepPlanner(new HepProgramBuilder().build(), Contexts.empty());
        RelOptCluster cluster = RelOptCluster.create(cascade, new PlainRexBuilder(types));
        SqlToRelConverter converter = new SqlToRelConverter(
                (rowType, query, schemaPath, viewPath) -> {
                    throw new Unplannable("a view");
                },
                validator,
                catalog,
                cluster,
                Convertlets.INSTANCE,
                SqlToRelConverter.config()
                        .withExpand(false)
                        .withInSubQueryThreshold(Integer.MAX_VALUE)
                        .withTrimUnusedFields(true));
        RelRoot root = converter.convertQuery(validated, false, true);
        RelBuilder builder = RelFactories.LOGICAL_BUILDER.create(cluster, catalog);
        RelNode rel = withClock(Decorrelation.of(root.rel, builder));
        rel = apply(
                rel,
                CoreRules.FILTER_INTO_JOIN,
                CoreRules.JOIN_CONDITION_PUSH,
                CoreRules.FILTER_PROJECT_TRANSPOSE,
                CoreRules.FILTER_AGGREGATE_TRANSPOSE,
                CoreRules.FILTER_SET_OP_TRANSPOSE,
                CoreRules.FILTER_MERGE,
                CoreRules.PROJECT_MERGE,
                CoreRules.PROJECT_REMOVE,
                CoreRules.AGGREGATE_REMOVE);
        rel = new RelFieldTrimmer(validator, builder).trim(rel);
        rel = Convertlets.withoutCasts(new JoinGroups(rel).group(rel));
        int[] columns = root.fields.leftList().stream().mapToInt(i -> i).toArray();
        return Cut.of(rel, columns);
    }

    /** H2 takes the table where WITH gives its name to a query; Calcite the query. */
    private static void refuseHiddenTables(TableNames names) {
        List<Word> words = names.words();
        for (int i = 1; i + 2 < words.size(); i++) {
            Word word = words.get(i);
            Word before = words.get(i - 1);
            boolean given = before.is("WITH")
                    || before.is("RECURSIVE")
                    || before.is(",")
                            && words.get(i + 1).is("AS")
                            && words.get(i + 2).is("(");
            if (given && names.tables().stream().anyMatch(t -> t.name().equals(word.text()))) {
                throw new Unplannable("WITH " + word.text() + ", which is a table as well");
            }
        }
    }

    private static SqlNode parse(String sql, TableNames names, Databases databases) throws SqlParseException {
        List<Word> words = names.words();
        Word last = words.get(words.size() - 1);
        String text = last.is(";") ? sql.substring(0, last.start()) : sql;
        var settings = databases.own().catalogue().getStaticSettings();
        Casing casing = settings.databaseToUpper
                ? Casing.TO_UPPER
                : settings.databaseToLower ? Casing.TO_LOWER : Casing.UNCHANGED;
        return SqlParser.create(
                        text,
                        SqlParser.config()
                                .withQuoting(Quoting.DOUBLE_QUOTE)
                                .withUnquotedCasing(casing)
                                .withQuotedCasing(Casing.UNCHANGED)
                                .withCaseSensitive(!settings.caseInsensitiveIdentifiers)
                                .withIdentifierMaxLength(NAME_LENGTH)
                                .withParserFactory(SqlBabelParserImpl.FACTORY)
                                .withConformance(CONFORMANCE))
                .parseQuery();
    }

    static RelNode apply(RelNode rel, RelOptRule... rules) {
        HepPlanner planner = new HepPlanner(
                new HepProgramBuilder().addRuleCollection(List.of(rules)).build());
        planner.setRoot(rel);
        return planner.findBestExp();
    }

    private static RelNode withClock(RelNode root) {
        RexShuttle clock = new RexShuttle() {
            @Override
            public RexNode visitCall(RexCall call) {
                int which =
                        FederatedPlan.CLOCK.indexOf(call.getOperator().getName().toUpperCase(Locale.ROOT));
                return which < 0 || !call.getOperands().isEmpty()
                        ? super.visitCall(call)
                        : root.getCluster()
                                .getRexBuilder()
                                .makeDynamicParam(call.getType(), FederatedPlan.CLOCK_PARAMETER + which);
            }
        };
        return root.accept(new RelHomogeneousShuttle() {
            @Override
            public RelNode visit(RelNode other) {
                return super.visit(other).accept(clock);
            }
        });
    }

    /** Leaves numbers as the user wrote them: 1.5 beside a NUMERIC(8, 2) is not 1.50. */
    private static final class PlainRexBuilder extends RexBuilder {
        PlainRexBuilder(CalciteTypes types) {
            super(types);
        }

        @Override
        public RexNode makeCast(
                SqlParserPos position,
                RelDataType type,
                RexNode operand,
                boolean matchNullability,
                boolean safe,
                RexLiteral format) {
            return operand instanceof RexLiteral literal
                            && !literal.isNull()
                            && SqlTypeUtil.isNumeric(type)
                            && SqlTypeUtil.isNumeric(operand.getType())
                            && !type.equals(operand.getType())
                    ? makeAbstractCast(position, type, operand, safe)
                    : super.makeCast(position, type, operand, matchNullability, safe, format);
        }
    }
}
