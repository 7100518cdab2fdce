package io.synod.jdbc;

import java.util.Hashtable;
import javax.naming.Context;
import javax.naming.Name;
import javax.naming.RefAddr;
import javax.naming.Reference;
import javax.naming.spi.ObjectFactory;

/** Makes a {@link SynodDataSource} or {@link SynodXADataSource} of what JNDI has stored of it. */
public final class SynodDataSourceFactory implements ObjectFactory {
    /** Made by JNDI by name. */
    public SynodDataSourceFactory() {}

    /** @return {@code null} for a reference to something else */
    @Override
    public Object getObjectInstance(Object object, Name name, Context context, Hashtable<?, ?> environment) {
        if (!(object instanceof Reference reference)) {
            return null;
        }
        SynodDataSource source;
        if (reference.getClassName().equals(SynodDataSource.class.getName())) {
            source = new SynodDataSource();
        } else if (reference.getClassName().equals(SynodXADataSource.class.getName())) {
            source = new SynodXADataSource();
        } else {
            return null;
        }
        source.setUrl(text(reference, "url"));
        source.setUser(text(reference, "user"));
        source.setPassword(text(reference, "password"));
        source.setDatabaseName(text(reference, "databaseName"));
        String timeout = text(reference, "loginTimeout");
        source.setLoginTimeout(timeout == null ? 0 : Integer.parseInt(timeout));
        return source;
    }

    private static String text(Reference reference, String property) {
        RefAddr address = reference.get(property);
        return address == null ? null : (String) address.getContent();
    }
}
