"""What is: tables, repositories, migrations, recordings and the command outbox."""
