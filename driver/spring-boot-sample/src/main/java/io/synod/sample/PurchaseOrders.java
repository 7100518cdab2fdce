package io.synod.sample;

import java.util.Optional;
import java.util.UUID;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Query;

interface PurchaseOrders extends JpaRepository<PurchaseOrder, Long> {
    Optional<PurchaseOrder> findByOrderKey(UUID orderKey);

    @Query("select o.orderKey from PurchaseOrder o order by o.id")
    java.util.List<UUID> keys();
}
