-- Indexes of the lists.

SELECT;
