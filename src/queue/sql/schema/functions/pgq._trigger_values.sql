-- The columns of a row, each as its type's output function writes it, from the text of the whole row: the row's
-- own output is the output of its columns, and nothing else in SQL is that for each type. A cast to text or JSON
-- differs for bool, char(n), timestamps and whatever has a cast of its own.
--
-- Read back as a row of texts, made as long as that by null columns: five times as fast as a regular expression.
create or replace function pgq._trigger_values(row_text text, width int)
returns text[] as $$
declare
    r16 pgq._trigger_row_16;
    r64 pgq._trigger_row_64;
begin
    if width <= 16 then
        r16 := (pg_catalog.left(row_text, -1) || pg_catalog.repeat(',', 16 - greatest(width, 1)) || ')')::pgq._trigger_row_16;
        return (array[
            r16.c1, r16.c2, r16.c3, r16.c4, r16.c5, r16.c6, r16.c7, r16.c8, r16.c9, r16.c10, r16.c11,
            r16.c12, r16.c13, r16.c14, r16.c15, r16.c16
        ])[1:width];
    elsif width <= 64 then
        r64 := (pg_catalog.left(row_text, -1) || pg_catalog.repeat(',', 64 - width) || ')')::pgq._trigger_row_64;
        return (array[
            r64.c1, r64.c2, r64.c3, r64.c4, r64.c5, r64.c6, r64.c7, r64.c8, r64.c9, r64.c10, r64.c11,
            r64.c12, r64.c13, r64.c14, r64.c15, r64.c16, r64.c17, r64.c18, r64.c19, r64.c20, r64.c21,
            r64.c22, r64.c23, r64.c24, r64.c25, r64.c26, r64.c27, r64.c28, r64.c29, r64.c30, r64.c31,
            r64.c32, r64.c33, r64.c34, r64.c35, r64.c36, r64.c37, r64.c38, r64.c39, r64.c40, r64.c41,
            r64.c42, r64.c43, r64.c44, r64.c45, r64.c46, r64.c47, r64.c48, r64.c49, r64.c50, r64.c51,
            r64.c52, r64.c53, r64.c54, r64.c55, r64.c56, r64.c57, r64.c58, r64.c59, r64.c60, r64.c61,
            r64.c62, r64.c63, r64.c64
        ])[1:width];
    end if;
    return pgq._trigger_split(row_text);
end;
$$ language plpgsql stable;
