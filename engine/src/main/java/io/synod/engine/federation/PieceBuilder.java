package io.synod.engine.federation;

import io.synod.engine.federation.ChangeText.Piece;
import java.util.ArrayList;
import java.util.List;

/** Collects the pieces of a text as they come. */
final class PieceBuilder {
    private final String sql;
    private final List<Piece> pieces = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    private int at;

    PieceBuilder(String sql, int at) {
        this.sql = sql;
        this.at = at;
    }

    void upTo(int end) {
        if (end > at) {
            text.append(sql, at, end);
            at = end;
        }
    }

    void skipTo(int end) {
        at = Math.max(at, end);
    }

    void add(String sqlText) {
        text.append(sqlText);
    }

    void add(Piece piece) {
        if (!text.isEmpty()) {
            pieces.add(new ChangeText.Sql(text.toString()));
            text.setLength(0);
        }
        pieces.add(piece);
    }

    /** The last piece of text ends with a parenthesis that its rows bring along. */
    void unwrap(int open) {
        int last = pieces.size() - 2;
        String before = ((ChangeText.Sql) pieces.get(last)).text();
        int cut = before.lastIndexOf('(');
        pieces.set(last, new ChangeText.Sql(before.substring(0, cut) + " "));
    }

    List<Piece> pieces(int end) {
        upTo(end);
        if (!text.isEmpty()) {
            pieces.add(new ChangeText.Sql(text.toString()));
            text.setLength(0);
        }
        return List.copyOf(pieces);
    }
}
