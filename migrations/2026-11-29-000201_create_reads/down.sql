DROP TABLE chat_reads;
