-- Social-insurance payments by district, kind of insurance and decade of birth.
SELECT c.district_code,
       p.insurance_type,
       floor(date_part('year', c.birth_date) / 10) * 10 AS birth_decade,
       COUNT(DISTINCT p.citizen_id) AS persons,
       COUNT(*) AS payments,
       AVG(p.base_amount) AS average_base,
       SUM(p.employer_amount) AS employer_total
FROM si_payments p
JOIN citizens c ON p.citizen_id = c.citizen_id
WHERE p.in_arrears = false
GROUP BY c.district_code, p.insurance_type, floor(date_part('year', c.birth_date) / 10) * 10
ORDER BY c.district_code, p.insurance_type, birth_decade
