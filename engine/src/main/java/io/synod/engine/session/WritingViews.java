package io.synod.engine.session;

import io.synod.engine.session.SqlText.Token;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.h2.command.Command;
import org.h2.command.query.Query;
import org.h2.engine.Database;
import org.h2.engine.DbObject;
import org.h2.expression.ExpressionVisitor;
import org.h2.table.QueryExpressionTable;
import org.h2.table.Table;
import org.h2.table.TableView;

/**
 * Finds what writes, or draws from a sequence, in the views, common table expressions and derived tables that a query reads,
 * and tables whose triggers a query fires.
 * H2 looks at the query's own expressions only when it says that one reads only.
 */
final class WritingViews {
    private final Database database;
    private final Set<DbObject> looked = new HashSet<>(4);

    private WritingViews(Database database) {
        this.database = database;
    }

    static boolean areIn(Command command, Database database) {
        return new WritingViews(database).areIn(command.getDependencies());
    }

    private boolean areIn(Collection<DbObject> objects) {
        for (DbObject object : objects) {
            if (object instanceof Table table && table.hasSelectTrigger()) {
                return true;
            }
            if (object instanceof QueryExpressionTable view && looked.add(view) && writes(view)) {
                return true;
            }
        }
        return false;
    }

    private boolean writes(QueryExpressionTable view) {
        // The text of those that are no view is part of the query's.
        if (view instanceof TableView named && isLeaders(SqlText.tokens(named.getQuerySQL()))) {
            return true;
        }
        Query query = view.getQuery();
        if (query == null) {
            // A common table expression within itself.
            return false;
        }
        HashSet<DbObject> inside = new HashSet<>();
        return !query.isReadOnly()
                || !query.isEverything(ExpressionVisitor.getDependenciesVisitor(inside))
                || areIn(inside);
    }

    private boolean isLeaders(List<Token> tokens) {
        return LeadersAnswer.isNeeded(tokens, database) || LeadersAnswer.callsUnknown(tokens, database);
    }
}
